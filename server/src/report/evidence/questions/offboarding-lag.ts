import type { Owner, TokenRecord } from '../../../records/records.ts'
import { IS_ATTEMPT } from '../../../query/classes.ts'
import { IS_METERED_RAW, OF } from '../../../query/scope.ts'
import { between } from '../events-of.ts'
import { endOf, livedAt } from '../lived.ts'
import { C, type EvidenceQuestion, type MaybeTime } from '../question.ts'
import type { EvidenceReader } from '../reader.ts'

export interface OffboardingRow {
  readonly owner: string
  readonly ownerId: string
  readonly disabledAt: number
  readonly tokens: number
  readonly ended: number
  readonly living: number
  readonly lastEndedAt: MaybeTime
  readonly lagMs: number | null
  readonly usesAfter: number
}

const USES = `SELECT sum(toUInt64(count)) AS uses FROM ${OF.events} AND owner_no = {owner:UInt32} AND ${IS_METERED_RAW} AND ${IS_ATTEMPT}
  AND outcome = 1 AND occurred_at > fromUnixTimestamp64Milli({after:Int64}, 'UTC')`
const PAGE = 500

/** How long after its owner was switched off the last token ended. */
export const offboardingLag: EvidenceQuestion<OffboardingRow> = {
  id: 'Q3',
  answers: 'How long after an owner was disabled the last of its tokens ended',
  from: ['R', 'S'],
  params: {},
  columns: {
    owner: C.ref('who was disabled, as a number'),
    ownerId: C.person('who was disabled'),
    disabledAt: C.time('when, as it was told here'),
    tokens: C.count('tokens that lived at that moment'),
    ended: C.count('of them ended by now'),
    living: C.count('of them not ended by now; the door refuses them all the same'),
    lastEndedAt: C.time('when the last of them ended; empty while one lives'),
    lagMs: C.duration('from the disabling to that end'),
    usesAfter: C.count('accepted uses after the disabling'),
  },
  key: 'owner',
  figures: [
    { name: 'owners', says: 'owners disabled in the window' },
    { name: 'with-living', says: 'of them with a token that has not ended', where: { living: { above: 0 } }, share: 'owners' },
    { name: 'over-a-day', says: 'of them with a lag above 24 hours', where: { lagMs: { above: 86_400_000 } }, share: 'owners' },
    { name: 'longest-lag-ms', says: 'longest lag, ms', max: 'lagMs' },
    { name: 'uses-after', says: 'accepted uses after the owner was disabled', sum: 'usesAfter' },
  ],
  method: 'exact: the records as they stand now; accepted uses from raw events, as far back as they are kept',
  cannotShow: 'when the person really left: only when that was told here',
  async *rows(_params, reader) {
    for (let after = 0; ;) {
      const page = await reader.read.disabledOwners(reader.tenantNo, reader.seen, { after, limit: PAGE })
      for (const owner of page) if (!reader.hides({ owner: owner.no })) yield await rowOf(owner, owner.disabledAt ?? 0, reader)
      const last = page.at(-1)
      if (last === undefined) return
      after = last.no
    }
  },
}

async function rowOf(owner: Owner, disabledAt: number, reader: EvidenceReader): Promise<OffboardingRow> {
  const ends: MaybeTime[] = []
  for await (const token of tokensOf(owner, reader))
    if (livedAt(token, disabledAt, reader.now)) ends.push(endOf(token, reader.now))
  const ended = ends.filter((end) => end !== null)
  const living = ends.length - ended.length
  const lastEndedAt = living > 0 || ended.length === 0 ? null : ended.reduce((last, end) => Math.max(last, end))
  const [uses] = await reader.rows<{ uses: string }>(USES, { owner: owner.no, after: disabledAt })
  return {
    owner: `o${owner.no}`,
    ownerId: owner.id,
    disabledAt,
    tokens: ends.length,
    ended: ended.length,
    living,
    lastEndedAt,
    lagMs: between(disabledAt, lastEndedAt),
    usesAfter: Number(uses?.uses ?? 0),
  }
}

async function* tokensOf(owner: Owner, reader: EvidenceReader): AsyncIterable<TokenRecord> {
  for (let after = 0; ;) {
    const page = await reader.read.tokensOfOwner(reader.tenantNo, owner.no, { after, limit: PAGE })
    yield* page.filter(({ canary }) => !canary)
    const last = page.at(-1)
    if (last === undefined) return
    after = last.no
  }
}
