import { toBase64 } from 'tokentrail/log'
import type { LogShard, LogWaiting, NewShard } from '../records/audit.ts'
import { keyFileOf, makeLogKey } from './keys.ts'
import type { LogType } from './registry.ts'

/** Names shards, and says what stands at their two ends. A shard is a year's, or what follows a rotation within it. */
export interface ShardNames {
  readonly install: string
  readonly keyFile: string
}

/** The shard that follows, with its key made. */
export function nextShard(
  { install, keyFile }: ShardNames,
  known: readonly Pick<LogShard, 'name' | 'epoch'>[],
  at: number,
): NewShard {
  const name = freeName(new Set(known.map((shard) => shard.name)), yearOf(at))
  const origin = `tokentrail.${install}/${name}`
  const { vkey } = makeLogKey(keyFileOf({ install, keyFile }, name), origin)
  const last = known.at(-1)
  return { name, origin, vkey, epoch: (last?.epoch ?? 0) + 1, previous: last?.name ?? null }
}

/** Whether a new year has begun since the shard was opened. */
export function isOver(shard: Pick<LogShard, 'name'>, at: number): boolean {
  return Number(shard.name.slice(0, 4)) < yearOf(at)
}

/** First entry of a shard: what the one before it came to, and its own key; or why that one must not be continued. */
export function openedEntry(shard: LogShard, before: LogShard | undefined, version: string): LogWaiting {
  if (shard.recovered !== null) return own(shard, 'log.recovered', shard.openedAt, JSON.parse(shard.recovered))
  return own(shard, 'log.opened', shard.openedAt, {
    origin: shard.origin,
    vkey: shard.vkey,
    version,
    retention: { entriesDays: 400, tiles: 'for ever' },
    previous: before
      ? { origin: before.origin, vkey: before.vkey, size: before.head.size, root: toBase64(before.head.root) }
      : null,
  })
}

/** Last entry of a shard: why, and where the log goes on. */
export function closedEntry(shard: LogShard, next: NewShard, why: string, at: number): LogWaiting {
  return own(shard, 'log.closed', at, { why, next: { origin: next.origin, vkey: next.vkey } })
}

/** An entry that the sequencer itself makes: it never waited, so it has no position. */
function own(shard: LogShard, type: LogType, at: number, shown: Readonly<Record<string, unknown>>): LogWaiting {
  const id = `${type.replace('.', '_')}_${shard.name.replaceAll('-', '_')}`
  return { position: 0, id, form: 'log', tenantNo: 0, at, body: JSON.stringify({ type, shown }) }
}

function freeName(taken: ReadonlySet<string>, year: number): string {
  for (let part = 1; ; part++) {
    const name = part === 1 ? String(year) : `${year}-${part}`
    if (!taken.has(name)) return name
  }
}

function yearOf(at: number): number {
  return new Date(at).getUTCFullYear()
}
