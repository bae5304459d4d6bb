import type { TokenRecord } from '../../../records/records.ts'
import { endOf } from '../lived.ts'
import { C, type EvidenceQuestion, type MaybeTime } from '../question.ts'
import { eventsOf, typesOf } from '../events-of.ts'
import type { EvidenceReader } from '../reader.ts'

export interface CryptographyRow {
  readonly key: string
  readonly use: string
  readonly algorithm: string
  readonly count: number
  readonly oldestAt: MaybeTime
  readonly newestAt: MaybeTime
  readonly endsAt: MaybeTime
}

const DESTROYED = typesOf('key.destroyed')

/** What protects what, how old it is, and what was destroyed. */
export const cryptography: EvidenceQuestion<CryptographyRow> = {
  id: 'Q21',
  answers: 'Which algorithms protect secrets and pseudonyms, how old keys are, and which were destroyed',
  from: ['R', 'L'],
  params: {},
  columns: {
    key: C.word('names the row'),
    use: C.word('what it is for'),
    algorithm: C.word('algorithm or scheme'),
    count: C.count('tokens or keys'),
    oldestAt: C.time('the oldest of them'),
    newestAt: C.time('the newest of them'),
    endsAt: C.time('when the first of them is destroyed by date'),
  },
  key: 'key',
  figures: [
    { name: 'tokens', says: 'living tokens with a stored secret', where: { use: 'token secret' }, sum: 'count' },
    {
      name: 'peppered',
      says: 'of them under a pepper that is kept outside the database',
      where: { use: 'token secret', algorithm: 'HMAC-SHA-256' },
      sum: 'count',
      share: 'tokens',
    },
    {
      name: 'imported',
      says: 'of them with a digest that another system made',
      where: { use: 'token secret', algorithm: ['SHA-256 (imported)', 'SHA-512/256 (imported)'] },
      sum: 'count',
      share: 'tokens',
    },
    { name: 'pseudonym-keys', says: 'pseudonym keys that are kept', where: { use: 'pseudonyms' }, sum: 'count' },
    {
      name: 'keys-destroyed',
      says: 'times that keys were destroyed in the window',
      where: { use: 'destroyed keys' },
      sum: 'count',
    },
  ],
  method: 'exact: the records as they stand now; destroyed keys by their events in the window',
  cannotShow: 'TLS in front of this program, disk encryption, and keys of other systems',
  async *rows(_params, reader) {
    yield* secrets(reader)
    if (reader.isInstall) yield* logKey(reader)
    yield* pseudonymKeys(reader)
    yield* destroyed(reader)
  },
}

/** What each scheme of a digest is, for people. */
function algorithmOf(scheme: TokenRecord['scheme']): string | null {
  if (scheme.startsWith('hmac-sha256:')) return 'HMAC-SHA-256'
  return (
    (
      {
        sha256: 'SHA-256',
        'sha256:hex': 'SHA-256 (imported)',
        'sha256:base64': 'SHA-256 (imported)',
        'sha512-256': 'SHA-512/256 (imported)',
        scrypt: 'scrypt',
      } as Readonly<Record<string, string>>
    )[scheme] ?? null
  )
}

async function* secrets(reader: EvidenceReader): AsyncIterable<CryptographyRow> {
  const groups = new Map<string, { algorithm: string; count: number; oldestAt: number; newestAt: number }>()
  for await (const page of reader.tokenPages())
    for (const token of page) {
      const algorithm = algorithmOf(token.scheme)
      if (algorithm === null || endOf(token, reader.now) !== null) continue
      const group = groups.get(token.scheme) ?? { algorithm, count: 0, oldestAt: token.knownSince, newestAt: token.knownSince }
      group.count += 1
      group.oldestAt = Math.min(group.oldestAt, token.knownSince)
      group.newestAt = Math.max(group.newestAt, token.knownSince)
      groups.set(token.scheme, group)
    }
  for (const [scheme, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield { key: `token/${scheme}`, use: 'token secret', ...group, endsAt: null }
}

async function* logKey({ log, seen }: EvidenceReader): AsyncIterable<CryptographyRow> {
  const facts = await log.facts(seen.to)
  if (facts === null) return
  const since = { oldestAt: facts.openedAt, newestAt: facts.openedAt, endsAt: null }
  yield { key: `log/${facts.origin}`, use: 'audit log', algorithm: 'Ed25519 over SHA-256 trees', count: 1, ...since }
}

async function* pseudonymKeys({ read, tenantNo }: EvidenceReader): AsyncIterable<CryptographyRow> {
  const own = (await read.keys()).filter((key) => key.tenantNo === tenantNo)
  for (const [domain, keys] of [...Map.groupBy(own, (key) => key.domain)].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield {
      key: `pseudonym/${domain}`,
      use: 'pseudonyms',
      algorithm: 'HMAC-SHA-256, random key per epoch',
      count: keys.length,
      oldestAt: null,
      newestAt: null,
      endsAt: earliest(keys.map(({ destroyAfter }) => destroyAfter)),
    }
}

async function* destroyed(reader: EvidenceReader): AsyncIterable<CryptographyRow> {
  for await (const { event, at } of eventsOf(DESTROYED, reader))
    yield { key: event, use: 'destroyed keys', algorithm: 'destroyed', count: 1, oldestAt: at, newestAt: at, endsAt: null }
}

/** Keys that go with something else, and by no date, have one that no calendar knows. */
const TIME_MAX = 8_640_000_000_000_000

function earliest(times: readonly number[]): MaybeTime {
  const first = Math.min(...times)
  return first <= TIME_MAX ? first : null
}
