import { TYPES, typeName } from 'tokentrail'
import { IS_ATTEMPT } from '../../../query/classes.ts'
import { IS_METERED_RAW, OF } from '../../../query/scope.ts'
import { C, type EvidenceQuestion } from '../question.ts'

export interface FieldCompletenessRow {
  readonly type: string
  readonly events: number
  readonly who: number
  readonly what: number
  readonly when: number
  readonly where: number
  readonly outcome: number
  readonly whole: number
}

/** A known or unknown credential, an owner, or an actor. */
const WHO = `(token_no != 0 OR claimed_no != 0 OR owner_no != 0 OR actor_no != 0 OR actor_kind != 0 OR fingerprint != toFixedString('', 16))`
const WHAT = 'type != 0'
const WHEN = "occurred_at > toDateTime64(0, 3, 'UTC')"
/** A fact has its outcome in its type; only a decision has to say one. */
const OUTCOME = `(outcome != 0 OR NOT (${IS_ATTEMPT} OR type = ${TYPES['reading.rejected'].id}))`
const WHERE = "(network != 0 OR service != '')"
const SQL = `SELECT type, sum(toUInt64(count)) AS n, sumIf(toUInt64(count), ${WHO}) AS who, sumIf(toUInt64(count), ${WHAT}) AS what,
    sumIf(toUInt64(count), ${WHEN}) AS at, sumIf(toUInt64(count), ${WHERE}) AS place, sumIf(toUInt64(count), ${OUTCOME}) AS decided,
    sumIf(toUInt64(count), ${WHO} AND ${WHAT} AND ${WHEN} AND ${WHERE} AND ${OUTCOME}) AS whole
  FROM ${OF.events} AND ${IS_METERED_RAW}
    AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND occurred_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  GROUP BY type ORDER BY type`

type Row = Readonly<Record<'n' | 'who' | 'what' | 'at' | 'place' | 'decided' | 'whole', string>> & { readonly type: number }

/** How many events say who, what, when, where and with which outcome. */
export const fieldCompleteness: EvidenceQuestion<FieldCompletenessRow> = {
  id: 'Q16',
  answers: 'Which share of events says who, what, when, where and with which outcome',
  from: ['S', 'L'],
  params: {},
  columns: {
    type: C.word('what happened'),
    events: C.count('events of this type; coalesced ones weigh in with their count'),
    who: C.count('of them with a token, a credential, an owner or an actor'),
    what: C.count('of them of a type that is known'),
    when: C.count('of them with a time'),
    where: C.count('of them with a network or a service'),
    outcome: C.count('of them with an outcome, where something was decided'),
    whole: C.count('of them with all five'),
  },
  key: 'type',
  figures: [
    { name: 'events', says: 'events', sum: 'events' },
    { name: 'who', says: 'of them say who', sum: 'who', share: 'events' },
    { name: 'what', says: 'of them say what', sum: 'what', share: 'events' },
    { name: 'when', says: 'of them say when', sum: 'when', share: 'events' },
    { name: 'where', says: 'of them say where', sum: 'where', share: 'events' },
    { name: 'outcome', says: 'of them say the outcome', sum: 'outcome', share: 'events' },
    { name: 'whole', says: 'of them say all five', sum: 'whole', share: 'events' },
  ],
  method: 'exact: raw events, as far back as they are kept; every critical event also has a leaf in the audit log',
  cannotShow: 'whether what a caller said of itself is true',
  async *rows(_params, reader) {
    for await (const row of reader.stream<Row>(SQL, { ...reader.seen }))
      yield {
        type: typeName(row.type),
        events: Number(row.n),
        who: Number(row.who),
        what: Number(row.what),
        when: Number(row.at),
        where: Number(row.place),
        outcome: Number(row.decided),
        whole: Number(row.whole),
      }
  },
}
