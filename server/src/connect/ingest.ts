import { createHash } from 'node:crypto'
import { parseEventId, type LossReason } from 'tokentrail'
import { TrailError, type ErrorCode } from '../errors.ts'
import { createLabels } from '../tokens/labels.ts'
import { createKnownTokens, type KnownToken } from './known-tokens.ts'
import { changeOfObserved } from './lifecycle.ts'
import { LOSS, parseLine, type Line } from './line.ts'
import { pseudonymTime, startOfDay, toRow, UNPROVEN } from './to-row.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { EventRow } from '../event/row.ts'
import type { Journal, Reception } from '../journal/journal.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { Mark } from '../privacy/secrets.ts'
import type { Actor, Records, Tenant } from '../records/records.ts'

/** What became of one line. `lost` is the only result worth another try. */
export interface LineResult {
  readonly index: number
  readonly result: 'stored' | 'repeated' | 'lost' | 'rejected'
  readonly code?: ErrorCode
  readonly message?: string
  /** JSON pointer into the line. */
  readonly input?: string
  /** Fields of the line that no event has: they were dropped. What has no field may stand in `detail`. */
  readonly dropped?: readonly string[]
}

/** Takes events of others into the journal. */
export interface Ingest {
  /**
   * One result per line, in order; a bad line costs no other. Once resolved, what is `stored` survives `kill -9`. The same
   * id of the same tenant is stored once, whoever sends it and however often. More than `LINES_MAX` lines are refused whole.
   */
  take(tenantNo: number, lines: readonly unknown[], o: { readonly actor: Actor }): Promise<readonly LineResult[]>
  /** How often fields were dropped since the start, by name; at most 200 names, the rest is `other`. */
  dropped(): ReadonlyMap<string, number>
  /** A writer number for a client of this tenant, so that it can number its own events. */
  leaseWriter(tenantNo: number): Promise<number>
}

export interface IngestParts {
  readonly records: Records
  readonly journal: Journal
  readonly privacy: Privacy
  readonly clock: Clock
  readonly log: Log
}

/** Lines of one call, at most; they are worked off in batches of `BATCH_MAX`. */
export const LINES_MAX = 10_000
const BATCH_MAX = 1_000
const PREPARED_MAX = 10_000

type Checked = { readonly index: number; readonly line: Line }
type Identity = { readonly writer: number; readonly seq: number; readonly sourceId: Uint8Array | undefined }

export function createIngest({ records, journal, privacy, clock, log }: IngestParts): Ingest {
  const known = createKnownTokens(records)
  const labels = createLabels()
  const identify = createIdentify(records)
  const prepared = new Set<string>()
  const dropped = createDropped()

  async function take(
    tenantNo: number,
    lines: readonly unknown[],
    { actor }: { readonly actor: Actor },
  ): Promise<readonly LineResult[]> {
    if (lines.length > LINES_MAX)
      throw new TrailError('too_many_items', `Expected at most ${LINES_MAX} events in one request; send them in parts.`)
    const tenant = await records.read.tenant(tenantNo)
    if (!tenant) throw new TrailError('not_found', 'There is no such tenant.')
    const results: LineResult[] = []
    for (let start = 0; start < lines.length; start += BATCH_MAX)
      results.push(...(await takeBatch(tenant, lines.slice(start, start + BATCH_MAX), start, actor)))
    return results
  }

  /** Pseudonym keys of a day are made before its first event. */
  async function prepare(tenantNo: number, lines: readonly Checked[]): Promise<void> {
    for (const day of new Set(lines.map(({ line }) => startOfDay(pseudonymTime(line.at, clock.now()))))) {
      const key = `${tenantNo} ${day}`
      if (prepared.has(key)) continue
      await privacy.prepare(tenantNo, day)
      if (prepared.size >= PREPARED_MAX) prepared.clear()
      prepared.add(key)
    }
  }

  async function takeBatch(
    tenant: Tenant,
    lines: readonly unknown[],
    start: number,
    actor: Actor,
  ): Promise<readonly LineResult[]> {
    const results: LineResult[] = []
    const mark = fingerprintsOf(privacy, tenant.no, clock.now())
    const checked = lines.flatMap((value, i) => check(value, start + i, results, mark))
    for (const { line } of checked) dropped.count(line.dropped)
    await prepare(tenant.no, checked)
    const rows = await rowsOf(tenant, checked, actor, results)
    const identities = await Promise.all(rows.map(({ line }) => identify(tenant.no, line.given.id)))
    rows.forEach(({ row }, i) => Object.assign(row, { writer: identities[i]?.writer ?? 0, seq: identities[i]?.seq ?? 0 }))
    const receptions = await journal.receive(
      rows.map(({ row }) => row),
      identities.map((identity) => identity.sourceId),
    )
    rows.forEach(({ index, line }, i) =>
      results.push({ index, result: RESULTS[receptions[i] ?? 'lost'], ...lossOf(receptions[i]), ...droppedOf(line) }),
    )
    await followUp(tenant.no, rows, receptions)
    return results.sort((a, b) => a.index - b.index)
  }

  async function rowsOf(tenant: Tenant, checked: readonly Checked[], actor: Actor, results: LineResult[]): Promise<Placed[]> {
    const now = clock.now()
    const fresh = await freshOf(tenant.no, checked)
    const sightings = fresh.flatMap(({ line }) => sightingOf(line))
    const named = checked.flatMap(({ line }) => claimOf(line) ?? (fresh.length < checked.length ? (line.given.token ?? []) : []))
    const [observed, claims, actors] = [
      await known.observe(tenant.no, sightings, now),
      await known.find(tenant.no, new Set(named)),
      await known.actors(tenant.no, new Set(fresh.flatMap(({ line }) => line.given.actor ?? [])), now, actor),
    ]
    const tokens = new Map([...claims, ...observed])
    return checked.flatMap(({ index, line }) => {
      const token = isProven(line) ? tokens.get(line.given.token ?? '') : undefined
      if (token && isOurs(token) && changeOfObserved(line)) return reject(results, index, ourOwnToken(line))
      const context = {
        tenant,
        now,
        privacy,
        labels,
        token,
        claimed: claims.get(claimOf(line) ?? ''),
        actorNo: actors.get(line.given.actor ?? '') ?? 0,
      }
      return { index, line, token, row: toRow(line, context) }
    })
  }

  /**
   * Lines that may make a token or a person known. What came before does not: an import that is repeated must not bring back somebody who
   * was erased meanwhile. Asked only where somebody was.
   */
  async function freshOf(tenantNo: number, checked: readonly Checked[]): Promise<readonly Checked[]> {
    if ((await records.read.erasures({ tenantNo, limit: 1 })).length === 0) return checked
    const identities = await Promise.all(checked.map(({ line }) => identify(tenantNo, line.given.id)))
    const known = await journal.knows(identities.flatMap(({ sourceId }) => sourceId ?? []))
    let place = 0
    return checked.filter((_, i) => identities[i]?.sourceId === undefined || known[place++] !== true)
  }

  /** What an event changes beside the journal. Both are repeated safely, so a crash between loses neither. */
  async function followUp(tenantNo: number, placed: readonly Placed[], receptions: readonly Reception[]): Promise<void> {
    for (const [i, { line, token }] of placed.entries()) {
      const change = token && receptions[i] !== 'lost' ? changeOfObserved(line) : undefined
      if (change && token) await records.act('noteObserved', { tenantNo, id: token.id, change })
      if (line.typeText === LOSS && receptions[i] === 'new') declareLoss(tenantNo, line)
    }
  }

  function declareLoss(tenant: number, line: Line): void {
    const { from = line.at, to = line.at } = line.detail ?? {}
    const count = line.given.count ?? 1
    const writer = parseEventId(line.given.id ?? '')?.writer ?? 0
    log.warn({ tenant, count, reason: line.reason }, 'a client declares lost events')
    journal.declareLoss({
      tenant,
      writer,
      reason: line.reason as LossReason,
      count,
      from: Number(from) || line.at,
      to: Number(to) || line.at,
    })
  }

  return {
    take,
    dropped: dropped.counts,
    leaseWriter: (tenantNo) => records.act('leaseWriter', { purpose: clientPurpose(tenantNo), at: clock.now() }),
  }
}

interface Placed extends Checked {
  readonly token: KnownToken | undefined
  readonly row: EventRow
}

const RESULTS = { new: 'stored', repeated: 'repeated', lost: 'lost' } as const

function lossOf(reception: Reception | undefined): Partial<LineResult> {
  return reception === 'new' || reception === 'repeated'
    ? {}
    : { code: 'journal_full', message: 'The journal cannot take more at the moment; send this event again later.' }
}

function check(value: unknown, index: number, results: LineResult[], mark: Mark): Checked[] {
  try {
    return [{ index, line: parseLine(value, mark) }]
  } catch (error) {
    if (!(error instanceof TrailError)) throw error
    return reject(results, index, error)
  }
}

function reject(results: LineResult[], index: number, { code, message, input }: TrailError): never[] {
  results.push({ index, result: 'rejected', code, message, ...(input === undefined ? {} : { input }) })
  return []
}

function droppedOf({ dropped }: Line): Partial<LineResult> {
  return dropped.length > 0 ? { dropped } : {}
}

/** In the place of a secret stands its fingerprint, the same that a validation of it would have. */
function fingerprintsOf(privacy: Privacy, tenantNo: number, at: number): Mark {
  return (secret) => {
    const { fingerprint } = privacy.fingerprint(tenantNo, at, createHash('sha256').update(secret).digest())
    return `[secret ${Buffer.from(fingerprint).toString('hex')}]`
  }
}

const DROPPED_NAMES_MAX = 200

function createDropped() {
  const counts = new Map<string, number>()
  return {
    counts: (): ReadonlyMap<string, number> => counts,
    count(names: readonly string[]): void {
      for (const given of names) {
        const name = counts.has(given) || counts.size < DROPPED_NAMES_MAX ? given : 'other'
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    },
  }
}

function isProven(line: Line): boolean {
  return line.given.token !== undefined && !(line.outcome === 'rejected' && UNPROVEN.has(line.reason))
}

function sightingOf(line: Line): { id: string; kind: 'access' | 'action' | 'validation'; ownerId: string; seenAt: number }[] {
  const { token, kind = 'access', owner = 'unknown' } = line.given
  return token !== undefined && isProven(line) ? [{ id: token, kind, ownerId: owner, seenAt: line.at }] : []
}

/** A token that is named and not proven. */
function claimOf(line: Line): string | undefined {
  return isProven(line) ? undefined : (line.given.claimed ?? line.given.token)
}

function isOurs(token: KnownToken): boolean {
  return !token.observed
}

function ourOwnToken(line: Line): TrailError {
  return new TrailError(
    'token_state',
    `Tokentrail itself records ${line.type} for the tokens it issued; use its API to change them.`,
    { input: '/token' },
  )
}

/** Who numbered an event: a client that leased its number from us, or else a digest of tenant and foreign id stands for it. */
function createIdentify(records: Records): (tenantNo: number, id: string | undefined) => Promise<Identity> {
  const purposes = new Map<number, string | null>()

  async function isClientOf(tenantNo: number, writer: number): Promise<boolean> {
    const purpose = purposes.get(writer) ?? (await records.read.writerPurpose(writer))
    if (purposes.size >= 10_000) purposes.clear()
    purposes.set(writer, purpose)
    return purpose === clientPurpose(tenantNo)
  }

  return async function identify(tenantNo, id) {
    if (id === undefined) return { writer: 0, seq: 0, sourceId: undefined }
    const own = parseEventId(id)
    if (own && (await isClientOf(tenantNo, own.writer))) return { ...own, sourceId: undefined }
    return { writer: 0, seq: 0, sourceId: sourceDigest(tenantNo, id) }
  }
}

function clientPurpose(tenantNo: number): string {
  return `client:${tenantNo}`
}

function sourceDigest(tenantNo: number, id: string): Uint8Array {
  return createHash('sha256').update(`${tenantNo}\n${id}`).digest().subarray(0, 16)
}
