import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Records } from '../records/records.ts'
import type { Denials } from './denials.ts'
import type { Denial } from './denied-file.ts'

/** Brings denials of this node into records. */
export interface Reconciling {
  /** Resolves when every denial of now is in records. Rejects when that fails now; it is tried again by itself. */
  run(): Promise<void>
  close(): Promise<void>
}

const AGAIN_MS = 1000

/**
 * Starts bringing them. A denial is dropped here only when records refuse the token by themselves; its key is taken once there, so a
 * kill at any moment neither loses nor doubles its event.
 */
export function startReconciling(o: {
  denials: Denials
  records: Pick<Records, 'act'>
  /** Tenant that keeps what is said of an id that nobody has. */
  installTenantNo: number
  clock: Clock
  log: Log
}): Reconciling {
  const { denials, records, installTenantNo, clock, log } = o
  let running: Promise<void> | undefined
  let again: NodeJS.Timeout | undefined
  const is = { asked: false, closed: false, failing: false }

  /** One pass at a time; what is asked for meanwhile is done by another one after it. */
  function run(): Promise<void> {
    is.asked = true
    running ??= passes().finally(() => {
      running = undefined
      if (is.asked && !is.closed) runInBackground()
    })
    return running
  }

  async function passes(): Promise<void> {
    while (is.asked && !is.closed) {
      is.asked = false
      await enterAll(denials.list())
    }
    is.failing = false
  }

  async function enterAll(waiting: readonly Denial[]): Promise<void> {
    if (waiting.length === 0) return
    for (const denial of waiting) await enter(denial)
    denials.drop(new Set(waiting.map(({ key }) => key)))
  }

  async function enter({ key, tokenId, tenantNo, at, by }: Denial): Promise<void> {
    const about = { key, tokenId, tenantNo, installTenantNo, deniedAt: at, at: clock.now(), actor: by }
    const tokens = await records.act('enterDenial', about)
    if (tokens.length === 0) log.warn({ token: tokenId }, 'A token was denied that nobody has')
  }

  function runInBackground(): void {
    run().catch((error: unknown) => {
      if (!is.failing)
        log.warn({ err: error }, 'Denied tokens are refused here only; they enter records when those can be written')
      is.failing = true
      clearTimeout(again)
      if (!is.closed) again = setTimeout(runInBackground, AGAIN_MS).unref()
    })
  }

  const stopListening = denials.onChange(runInBackground)
  runInBackground()

  return {
    run,
    async close() {
      stopListening()
      clearTimeout(again)
      is.closed = true
      await running?.catch(() => undefined)
    },
  }
}
