import { eventId, reasonName, TYPES, type Milliseconds } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { TrailError } from '../errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { LogApproval, LogShard, LostEnding } from '../records/audit.ts'
import type { Records } from '../records/records.ts'
import type { Store } from '../store/store.ts'
import { systemDisk, type Disk } from './disk.ts'
import { readLostRange, type LostRange } from './lost-range.ts'
import { nextShard } from './shards.ts'

/** What a restored backup has forgotten, and what is known of it all the same. */
export interface Recoverable {
  readonly shard: string
  readonly why: string
  readonly lost: Omit<LostRange, 'endings'>
  /** Endings of tokens in the lost entries that can be read; and how many of them store and journal still hold. */
  readonly endings: number
  readonly found: number
  /** Whether every lost entry could be read and every ending among them was found. */
  readonly isComplete: boolean
}

export type RecoveryChoice = 'reissue' | 'accept_loss'

export interface Recovered extends Recoverable {
  readonly ended: number
  readonly reissued: number
  readonly next: { readonly shard: string; readonly origin: string; readonly vkey: string }
}

export interface Recovery {
  /** `not_found` while the log is not halted. */
  look(): Promise<Recoverable>
  /** `recovery_incomplete` where endings are missing and nothing was chosen. */
  run(o: { readonly choice: RecoveryChoice | null; readonly ticket: string; readonly approved: LogApproval }): Promise<Recovered>
}

/** Shipping before the store is asked: what stands in the journal counts. */
const SHIP_MS_MAX = 20_000
const ENDINGS_MAX = 1_000_000
/** Clocks of several servers may differ by so much. */
const SKEW_MS = 600_000

export function createRecovery(o: {
  readonly records: Records
  readonly journal: Pick<Journal, 'shipped'>
  readonly store: Pick<Store, 'query'>
  readonly dir: string
  readonly keyFile: string
  readonly clock: Clock
  readonly disk?: Disk
}): Recovery {
  const { records, clock } = o

  async function gather() {
    const shard = await haltedShard(records)
    const lost = await readLostRange({ ...o, disk: o.disk ?? systemDisk }, shard)
    await o.journal.shipped(SHIP_MS_MAX)
    const endings = await endingsSince(o.store, await restorePoint(records, shard))
    const found = endings.filter(({ writer, seq }) => lost.endings.has(eventId(writer, seq))).length
    // where only a witness knows how far the log had come, nobody can say what is missing
    const isKnown = lost.size > shard.head.size || lost.origin !== shard.origin
    const isComplete = isKnown && lost.read === lost.size - lost.from && found === lost.endings.size
    const { endings: ids, ...range } = lost
    return {
      shard,
      endings,
      seen: { shard: shard.name, why: shard.halted ?? '', lost: range, endings: ids.size, found, isComplete },
    }
  }

  async function run({ choice, ticket, approved }: Parameters<Recovery['run']>[0]): Promise<Recovered> {
    const { shard, endings, seen } = await gather()
    if (!seen.isComplete && choice === null) throw incomplete(seen)
    const at = clock.now()
    const names = { install: (await records.read.setting(0, 'install.id')) ?? '', keyFile: o.keyFile }
    const made = nextShard(names, await records.read.logShards(), at)
    const applied = endings.length
    const { origin, from, size, read } = seen.lost
    const shown = {
      origin: made.origin,
      vkey: made.vkey,
      ticket,
      choice: seen.isComplete ? null : choice,
      applied,
      lost: { origin, from, size, read, endings: seen.endings, found: seen.found },
      previous: { origin: shard.origin, vkey: shard.vkey, size: shard.head.size },
    }
    const action = choice === 'reissue' ? 'restore.reissue' : choice === 'accept_loss' ? 'restore.accept_loss' : 'log.operate'
    const done = await records.act('recoverLog', {
      shard: shard.name,
      endings,
      choice: seen.isComplete ? null : choice,
      at,
      next: { ...made, recovered: JSON.stringify(shown) },
      floors: await floors(o.store),
      approved: { ...approved, action },
    })
    return {
      ...seen,
      ended: done.ended,
      reissued: done.reissued,
      next: { shard: made.name, origin: made.origin, vkey: made.vkey },
    }
  }

  return { look: async () => (await gather()).seen, run }
}

async function haltedShard(records: Records): Promise<LogShard> {
  const halted = (await records.read.logShards()).find(({ closedAt, halted: why }) => closedAt === null && why !== null)
  if (halted) return halted
  throw new TrailError('not_found', 'The audit log is not halted: there is nothing to recover.')
}

/** The last moment that the restored records know, and a margin. */
async function restorePoint(records: Records, shard: LogShard): Promise<Milliseconds> {
  const [last] = await records.read.logEntries(shard.name, Math.max(0, shard.head.size - 1), 1)
  return Math.max(0, (last?.at ?? shard.openedAt) - SKEW_MS)
}

/** Which ending an event of the store stands for. */
const ENDING_OF: Readonly<Record<number, LostEnding['ending']>> = {
  [TYPES['token.consumed'].id]: 'consumed',
  [TYPES['token.revoked'].id]: 'revoked',
  [TYPES['token.superseded'].id]: 'superseded',
  [TYPES['token.locked'].id]: 'locked',
  [TYPES['token.exhausted'].id]: 'exhausted',
}

const ENDINGS_SQL = `SELECT type, tenant, token_no, reason, toUnixTimestamp64Milli(occurred_at) AS at, writer, seq FROM events
  WHERE type IN {types:Array(UInt16)} AND token_no > 0 AND occurred_at >= fromUnixTimestamp64Milli({since:Int64})
  ORDER BY occurred_at, writer, seq LIMIT {limit:UInt32}`
const LIMITS = { timeoutMs: 60_000 } as const

type EndingRow = Record<'type' | 'tenant' | 'token_no' | 'reason' | 'at' | 'writer' | 'seq', number | string>

async function endingsSince(store: Pick<Store, 'query'>, since: Milliseconds): Promise<readonly LostEnding[]> {
  const params = { types: Object.keys(ENDING_OF).map(Number), since, limit: ENDINGS_MAX }
  const { rows } = await store.query<EndingRow>({ sql: ENDINGS_SQL, params, limits: LIMITS })
  return rows.map((row) => ({
    tenantNo: Number(row.tenant),
    tokenNo: Number(row.token_no),
    at: Number(row.at),
    writer: Number(row.writer),
    seq: Number(row.seq),
    ending: ENDING_OF[Number(row.type)] ?? 'revoked',
    reason: Number(row.reason) === 0 ? null : (reasonName(Number(row.reason)) ?? null),
  }))
}

const FLOORS_SQL =
  'SELECT max(greatest(token_no, claimed_no)) AS token, max(greatest(owner_no, actor_no)) AS owner, max(tenant) AS tenant FROM events'

/** Numbers that events name are not given to anything else. */
async function floors(store: Pick<Store, 'query'>): Promise<{ token: number; owner: number; tenant: number }> {
  const { rows } = await store.query<Record<'token' | 'owner' | 'tenant', number | string>>({
    sql: FLOORS_SQL,
    params: {},
    limits: LIMITS,
  })
  const row = rows[0] ?? { token: 0, owner: 0, tenant: 0 }
  return { token: Number(row.token), owner: Number(row.owner), tenant: Number(row.tenant) }
}

function incomplete({ lost, endings, found }: Recoverable): TrailError {
  return new TrailError(
    'recovery_incomplete',
    `Of ${lost.size - lost.from} lost entries ${lost.read} can be read, and of ${endings} endings in them ${found} are in the store. Find the missing files, or choose reissue or accept-loss; two people agree to it.`,
    { input: 'choice' },
  )
}
