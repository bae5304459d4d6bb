import { TYPES, reasonName, type DecisionReason } from 'tokentrail'
import { IS_ATTEMPT, reasonsOf } from '../../../query/classes.ts'
import { networkName } from '../../../query/network.ts'
import { IS_METERED_RAW, OF } from '../../../query/scope.ts'
import { C, type EvidenceQuestion } from '../question.ts'

export interface AuthenticationFailureRow {
  readonly key: string
  readonly of: string
  readonly reason: string
  readonly network: string | null
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

const SIGN_IN = TYPES['principal.sign_in_rejected'].id
const SQL = `SELECT type = ${SIGN_IN} AS sign_in, reason, toString(network) AS net, sum(toUInt64(count)) AS n,
    toUnixTimestamp64Milli(min(occurred_at)) AS first, toUnixTimestamp64Milli(max(occurred_at)) AS last
  FROM ${OF.events} AND ${IS_METERED_RAW}
    AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND occurred_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
    AND (type = ${SIGN_IN} OR (${IS_ATTEMPT} AND outcome = 2 AND reason IN (${reasonsOf('invalid').join(', ')})))
  GROUP BY sign_in, reason, network ORDER BY sign_in, n DESC, reason, network`

interface Row {
  readonly sign_in: number
  readonly reason: number
  readonly net: string
  readonly n: string
  readonly first: string
  readonly last: string
}

const AFTER_END = [
  'consumed',
  'revoked',
  'superseded',
  'locked',
  'exhausted',
  'expired',
] as const satisfies readonly DecisionReason[]

/** Credentials that were refused, by reason and source; sign-ins apart from tokens. */
export const authenticationFailures: EvidenceQuestion<AuthenticationFailureRow> = {
  id: 'Q6',
  answers: 'Which authentications failed, by reason and source; tokens and sign-ins apart',
  from: ['S'],
  params: {},
  columns: {
    key: C.ref('names the row'),
    of: C.word('token or sign-in'),
    reason: C.word('exact reason; a sign-in has one answer for every cause'),
    network: C.ref('network as a keyed number; empty where none was told'),
    count: C.count('attempts'),
    firstAt: C.time('first of them'),
    lastAt: C.time('last of them'),
  },
  key: 'key',
  figures: [
    { name: 'failures', says: 'failed authentications with tokens', where: { of: 'token' }, sum: 'count' },
    {
      name: 'unknown',
      says: 'of them with a credential that nobody knows',
      where: { of: 'token', reason: 'unknown' },
      sum: 'count',
      share: 'failures',
    },
    {
      name: 'wrong-secret',
      says: 'of them with a known id and a wrong secret',
      where: { of: 'token', reason: 'wrong_secret' },
      sum: 'count',
      share: 'failures',
    },
    {
      name: 'after-end',
      says: 'of them with a token that had ended',
      where: { of: 'token', reason: AFTER_END },
      sum: 'count',
      share: 'failures',
    },
    { name: 'sign-in-failures', says: 'failed sign-ins', where: { of: 'sign-in' }, sum: 'count' },
  ],
  method: 'exact: raw events, as far back as they are kept; coalesced attempts weigh in with their count',
  cannotShow: 'sign-ins of the application itself, and attempts that never reached a verifier',
  async *rows(_params, reader) {
    for await (const row of reader.stream<Row>(SQL, { ...reader.seen })) yield rowOf(row)
  },
}

function rowOf(row: Row): AuthenticationFailureRow {
  const of = row.sign_in === 1 ? 'sign-in' : 'token'
  const reason = reasonName(row.reason) ?? String(row.reason)
  const network = row.net === '0' ? null : networkName(row.net)
  const times = { count: Number(row.n), firstAt: Number(row.first), lastAt: Number(row.last) }
  return { key: `${of}/${reason}/${network ?? '-'}`, of, reason, network, ...times }
}
