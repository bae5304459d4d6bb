import type { Log } from '../config/log.ts'
import { reconcile } from './reconcile.ts'
import type { Reconciled, ReconcileParts } from './reconcile.ts'

/** The comparison of each night, and of who asks for it. One runs at a time. */
export interface Reconciliation {
  run(): Promise<Reconciled>
  close(): void
}

const FIRST_MS = 10 * 60_000
const EVERY_MS = 24 * 3_600_000

export function startReconciliation(o: ReconcileParts & { log: Log; onResult?: (result: Reconciled) => void }): Reconciliation {
  let running: Promise<Reconciled> | undefined

  function run(): Promise<Reconciled> {
    running ??= reconcile(o)
      .then((result) => {
        const failed = result.checks.filter(({ state }) => state === 'fails')
        if (failed.length > 0) o.log.error({ failed }, 'What was recorded does not agree with the audit log')
        o.onResult?.(result)
        return result
      })
      .finally(() => (running = undefined))
    return running
  }

  function runLogged(): void {
    run().catch((error: unknown) => o.log.warn({ err: error }, 'The audit log could not be compared; it is tried again tomorrow'))
  }

  const first = setTimeout(runLogged, FIRST_MS).unref()
  const timer = setInterval(runLogged, EVERY_MS).unref()
  return {
    run,
    close() {
      clearTimeout(first)
      clearInterval(timer)
    },
  }
}
