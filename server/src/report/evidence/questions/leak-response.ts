import type { PlaceInTime } from '../../../records/findings.ts'
import type { TokenRecord } from '../../../records/records.ts'
import type { LeakRecord } from '../../../records/responses.ts'
import { IS_ATTEMPT } from '../../../query/classes.ts'
import { OF } from '../../../query/scope.ts'
import { between } from '../events-of.ts'
import { endOf } from '../lived.ts'
import { C, type EvidenceQuestion, type MaybeTime } from '../question.ts'
import type { EvidenceReader } from '../reader.ts'

export interface LeakResponseRow {
  readonly leak: string
  readonly token: string | null
  readonly reporter: string
  readonly state: string
  readonly exposedAt: number
  readonly reportedAt: number
  readonly suspendedAt: MaybeTime
  readonly endedAt: MaybeTime
  readonly ending: string | null
  readonly respondedMs: number | null
  readonly acceptedSince: number
  readonly refusedSince: number
}

const PAGE = 200
const USES = `SELECT sumIf(toUInt64(count), outcome = 1) AS accepted, sumIf(toUInt64(count), outcome = 2) AS refused
  FROM ${OF.events} AND token_no = {token:UInt64} AND ${IS_ATTEMPT}
    AND occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND occurred_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`

/** What followed each report of a leaked token. */
export const leakResponse: EvidenceQuestion<LeakResponseRow> = {
  id: 'Q22',
  answers: 'How leaks were answered: report, suspension, end, and uses since the publication',
  from: ['S', 'L', 'R'],
  params: {},
  columns: {
    leak: C.ref('id of the report'),
    token: C.ref('public id of the token; empty where nobody here knows the credential'),
    reporter: C.word('person or partner'),
    state: C.word('reported, confirmed or dismissed'),
    exposedAt: C.time('since when it was public, as far as known'),
    reportedAt: C.time('when it was reported here'),
    suspendedAt: C.time('when the token was suspended, where that still holds'),
    endedAt: C.time('when the token ended'),
    ending: C.word('how it ended'),
    respondedMs: C.duration('from the report to the first of both; 0 where the token had ended before'),
    acceptedSince: C.count('accepted uses since the publication'),
    refusedSince: C.count('refused uses since the publication'),
  },
  key: 'leak',
  figures: [
    { name: 'leaks', says: 'leaks reported in the window' },
    { name: 'of-known-tokens', says: 'of them of a token that is known here', where: { token: { some: true } }, share: 'leaks' },
    {
      name: 'answered',
      says: 'of them whose token was suspended or has ended',
      where: { respondedMs: { some: true } },
      share: 'leaks',
    },
    { name: 'confirmed', says: 'of them confirmed', where: { state: 'confirmed' }, share: 'leaks' },
    { name: 'longest-response-ms', says: 'longest time to an answer, ms', max: 'respondedMs' },
    { name: 'accepted-since', says: 'accepted uses since the publication', sum: 'acceptedSince' },
  ],
  method: 'exact: the records as they stand now; uses from raw events, as far back as they are kept',
  cannotShow: 'leaks that nobody reported; whether a use was by the thief or by the owner',
  async *rows(_params, reader) {
    let before: PlaceInTime | undefined = { at: reader.seen.to, id: '' }
    while (before !== undefined) {
      const page: readonly LeakRecord[] = await reader.read.leaks({ tenantNo: reader.tenantNo }, { before, limit: PAGE })
      const inWindow = page.filter(({ reportedAt }) => reportedAt >= reader.seen.from)
      const tokens = await reader.tokensOf(inWindow.flatMap(({ tokenNo }) => (tokenNo === null ? [] : [tokenNo])))
      for (const leak of inWindow.filter(({ tokenNo }) => !reader.hides({ token: tokenNo ?? 0 })))
        yield await rowOf(leak, leak.tokenNo === null ? undefined : tokens.get(leak.tokenNo), reader)
      const last = page.at(-1)
      before = last === undefined || inWindow.length < PAGE ? undefined : { at: last.reportedAt, id: last.id }
    }
  },
}

async function rowOf(leak: LeakRecord, token: TokenRecord | undefined, reader: EvidenceReader): Promise<LeakResponseRow> {
  const endedAt = token ? endOf(token, reader.now) : null
  const suspendedAt = token?.suspendedAt ?? null
  const answeredAt = endedAt === null && suspendedAt === null ? null : Math.min(endedAt ?? Infinity, suspendedAt ?? Infinity)
  const responded = between(leak.reportedAt, answeredAt)
  const uses = token ? await usesSince(token, leak.exposedAt, reader) : { accepted: 0, refused: 0 }
  return {
    leak: leak.id,
    token: token?.id ?? null,
    reporter: leak.reporter,
    state: leak.state,
    exposedAt: leak.exposedAt,
    reportedAt: leak.reportedAt,
    suspendedAt,
    endedAt,
    ending: token?.endingReason ?? token?.ending ?? null,
    respondedMs: responded === null ? null : Math.max(0, responded),
    acceptedSince: uses.accepted,
    refusedSince: uses.refused,
  }
}

async function usesSince(token: TokenRecord, from: number, reader: EvidenceReader) {
  const to = Math.max(from, reader.seen.to)
  const [row] = await reader.rows<{ accepted: string; refused: string }>(USES, { token: token.no, from, to })
  return { accepted: Number(row?.accepted ?? 0), refused: Number(row?.refused ?? 0) }
}
