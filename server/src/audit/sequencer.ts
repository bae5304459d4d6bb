import type { Clock } from '../clock.ts'
import { TrailError } from '../errors.ts'
import type { LogApproval, LogShard } from '../records/audit.ts'
import type { Records } from '../records/records.ts'
import type { Seal } from '../records/sealed.ts'
import { createBuilder } from './append.ts'
import { closedEntry, isOver, nextShard, openedEntry, type ShardNames } from './shards.ts'

/** Gives what waits its place in the log. Any number of them may run: the swap of the head lets one through. */
export interface Sequencer {
  /** Appends batch after batch until nothing waits; gives how many entries. */
  run(): Promise<number>
  /** Closes the open shard and opens the next. */
  rotate(why: string, approved?: LogApproval): Promise<void>
}

/**
 * Entries of one step. In a file nobody else writes meanwhile: 8 of them take 2 ms, and 64 took 6 to 10, which every tenth critical
 * write at 1,000 a second waited for. In PostgreSQL others go on, and each step costs round trips.
 */
const BATCH = { sqlite: 8, postgres: 64 } as const

/** Steps of one run: a log that grows faster than it is read does not hold up the caller for ever. */
const STEPS_MAX = 1_000
const MOVED_TRIES = 20

export function createSequencer(o: {
  readonly records: Records
  readonly seal: Seal
  readonly names: ShardNames
  readonly clock: Clock
  readonly version: string
}): Sequencer {
  const { records, clock } = o
  const builder = createBuilder(o)
  const batch = BATCH[records.form]
  /** The open shard as this process last saw it; the swap tells when that is old. */
  let known: LogShard | undefined

  async function run(): Promise<number> {
    let count = 0
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const shard = (known ??= await openShard())
      if (shard.halted !== null) {
        known = undefined
        return count
      }
      if (isOver(shard, clock.now())) await rotate('year')
      const done = await step(await current())
      if (done === 'moved') return count
      count += done
      if (done < batch) return count
    }
    return count
  }

  async function step(shard: LogShard): Promise<number | 'moved'> {
    const waiting = await records.read.logWaiting(batch)
    const first = shard.head.size === 0 ? [await opening(shard)] : []
    if (first.length + waiting.length === 0) return 0
    const built = await builder.build(shard, [...first, ...waiting], clock.now())
    if ((await append(built)) === 'moved') return 'moved'
    known = { ...shard, head: built.to }
    return waiting.length
  }

  async function rotate(why: string, approved?: LogApproval): Promise<void> {
    for (let tries = 0; tries < MOVED_TRIES; tries++) {
      known = undefined
      const shard = await current()
      const next = nextShard(o.names, await records.read.logShards(), clock.now())
      const first = shard.head.size === 0 ? [await opening(shard)] : []
      const last = closedEntry(shard, next, why, clock.now())
      const built = await builder.build(shard, [...first, last], clock.now(), next)
      if ((await append({ ...built, ...(approved && { approved }) })) === 'appended') return
    }
    throw new TrailError('records_unavailable', 'The log grew while it was to be closed; nothing was closed, try again.')
  }

  async function append(built: Parameters<typeof records.act<'appendToLog'>>[1]): Promise<'appended' | 'moved'> {
    try {
      const result = await records.act('appendToLog', built)
      if (result === 'moved' || built.next) known = undefined
      return result
    } catch (error) {
      // Whether it was committed is not known: the head says it.
      known = undefined
      throw error
    }
  }

  async function opening(shard: LogShard) {
    const shards = await records.read.logShards()
    return openedEntry(
      shard,
      shards.find(({ name }) => name === shard.previous),
      o.version,
    )
  }

  async function current(): Promise<LogShard> {
    return (known ??= await openShard())
  }

  async function openShard(): Promise<LogShard> {
    const shards = await records.read.logShards()
    const open = shards.find(({ closedAt }) => closedAt === null)
    return open ?? records.act('openShard', { shard: nextShard(o.names, shards, clock.now()), at: clock.now() })
  }

  return { run, rotate }
}
