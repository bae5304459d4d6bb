import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import { TrailError } from '../../errors.ts'
import type { PublishedCheckpoint } from '../audit.ts'

/** How an anchor stands. */
export interface RunnerState {
  /** Why the last attempt failed; null when it went well. */
  readonly failure: string | null
  /** Failures since the last success. */
  readonly failures: number
}

/** Brings checkpoints to one place outside, in the background, one at a time. */
export interface Runner {
  /** Never waits and never throws. Of each shard only the newest checkpoint waits. */
  offer(checkpoint: PublishedCheckpoint): void
  state(): RunnerState
  /** Cuts off what runs. */
  close(): Promise<void>
}

export interface RunnerTimes {
  readonly everyMs: number
  readonly timeoutMs: number
  readonly backoffMs: { readonly first: number; readonly max: number }
}

/** A shard that was closed still has its last checkpoint to bring; more than these are never open at once. */
const SHARDS_MAX = 4

/** Calls `attempt` for the newest checkpoint, at most once in `everyMs`; after a failure again, ever later. */
export function createRunner(
  o: RunnerTimes & {
    readonly clock: Clock
    readonly attempt: (checkpoint: PublishedCheckpoint, signal: AbortSignal) => Promise<void>
    /** Told of the first failure after a success. */
    readonly onFailure: (error: unknown) => void
  },
): Runner {
  const waiting = new Map<string, PublishedCheckpoint>()
  const closing = new AbortController()
  let running: Promise<void> | undefined
  let notBefore = 0
  let failure: string | null = null
  let failures = 0

  async function run(): Promise<void> {
    for (let next = first(waiting); next && !closing.signal.aborted; next = first(waiting)) {
      const waitMs = notBefore - o.clock.ticks() / 1000
      if (waitMs > 0) await delay(waitMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
      else await bring(next)
    }
  }

  async function bring(shard: string): Promise<void> {
    const checkpoint = waiting.get(shard)
    if (!checkpoint) return
    try {
      await withinTime((signal) => o.attempt(checkpoint, signal))
      if (waiting.get(shard) === checkpoint) waiting.delete(shard)
      failure = null
      failures = 0
      notBefore = o.clock.ticks() / 1000 + o.everyMs
    } catch (error) {
      if (closing.signal.aborted) return
      if (failures === 0) o.onFailure(error)
      failure = error instanceof Error ? error.message : String(error)
      notBefore = o.clock.ticks() / 1000 + Math.min(o.backoffMs.max, o.backoffMs.first * 2 ** Math.min(failures, 20))
      failures += 1
    }
  }

  async function withinTime(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const late = AbortSignal.timeout(o.timeoutMs)
    const signal = AbortSignal.any([late, closing.signal])
    const cut = Promise.withResolvers<never>()
    const stop = (): void => cut.reject(new TrailError('anchor_failed', `No answer within ${String(o.timeoutMs)} ms.`))
    signal.addEventListener('abort', stop, { once: true })
    try {
      await Promise.race([work(signal), cut.promise])
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  return {
    offer(checkpoint) {
      waiting.set(checkpoint.shard, checkpoint)
      if (waiting.size > SHARDS_MAX) waiting.delete(first(waiting) ?? '')
      running ??= run().finally(() => (running = undefined))
    },
    state: () => ({ failure, failures }),
    async close() {
      closing.abort()
      await running
    },
  }
}

function first(waiting: ReadonlyMap<string, PublishedCheckpoint>): string | undefined {
  return waiting.keys().next().value
}
