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
  /** Before the first one: what is left of the time since the last start brought one. */
  readonly firstInMs?: number
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
  let running: Promise<void> = Promise.resolve()
  let isRunning = false
  let notBefore = o.clock.ticks() / 1000 + (o.firstInMs ?? 0)
  let failure: string | null = null
  let failures = 0

  async function run(): Promise<void> {
    isRunning = true
    for (let next = first(waiting); next && !closing.signal.aborted; next = first(waiting)) {
      const waitMs = notBefore - o.clock.ticks() / 1000
      if (waitMs > 0) await wait(waitMs, closing.signal)
      else await bring(next)
    }
    isRunning = false
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
      putLast(shard)
    }
  }

  /** What cannot be brought must not keep another shard from it. */
  function putLast(shard: string): void {
    const newest = waiting.get(shard)
    waiting.delete(shard)
    if (newest) waiting.set(shard, newest)
  }

  /** `work` is told to stop, and left behind where it does not. */
  async function withinTime(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const cut = new AbortController()
    const signal = AbortSignal.any([cut.signal, closing.signal])
    const late = wait(o.timeoutMs, signal).then(() => {
      cut.abort()
      throw new TrailError('anchor_failed', `No answer within ${String(o.timeoutMs)} ms.`)
    })
    late.catch(() => undefined)
    try {
      await Promise.race([work(signal), late])
    } finally {
      cut.abort()
    }
  }

  return {
    offer(checkpoint) {
      waiting.set(checkpoint.shard, checkpoint)
      if (waiting.size > SHARDS_MAX) waiting.delete(first(waiting) ?? '')
      if (!isRunning) running = run()
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

/** Resolves after a time, or at once when the signal says so; keeps no process alive. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms).unref()
    signal.addEventListener('abort', end, { once: true })
    function end(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
  })
}
