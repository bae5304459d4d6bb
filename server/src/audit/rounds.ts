import type { Log } from '../config/log.ts'

/** Work that is done over and over, one round at a time. */
export interface Rounds {
  /** Begins a round now, or one after the round that runs. Resolves after it; a failure is kept, not thrown. */
  wake(): Promise<void>
  /** Why the last round failed; null when it went well. */
  failure(): string | null
  /** Waits for the round that runs. */
  close(): Promise<void>
}

/** A failing round is tried again at its time; the same failure is logged once. */
export function createRounds(o: {
  readonly name: string
  readonly everyMs: number
  readonly log: Log
  readonly run: () => Promise<void>
}): Rounds {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  let failure: string | null = null
  let isClosed = false
  let timer = setTimeout(tick, o.everyMs).unref()

  function tick(): void {
    void wake().finally(() => {
      if (!isClosed) timer = setTimeout(tick, o.everyMs).unref()
    })
  }

  function wake(): Promise<void> {
    if (isClosed) return running ?? Promise.resolve()
    if (!running) return (running = round().finally(() => (running = undefined)))
    next ??= running.then(() => {
      next = undefined
      return wake()
    })
    return next
  }

  async function round(): Promise<void> {
    try {
      await o.run()
      failure = null
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error)
      if (said !== failure) o.log.error({ err: error }, `the audit log: ${o.name} failed and is tried again`)
      failure = said
    }
  }

  return {
    wake,
    failure: () => failure,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await running
    },
  }
}
