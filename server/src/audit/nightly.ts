import type { Milliseconds } from 'tokentrail'
import type { Log } from '../config/log.ts'
import { systemDisk, type Disk } from './disk.ts'
import { checkFacts, type FactParts } from './facts/check.ts'
import { checkLog } from './log-check.ts'
import { reconcile } from './reconcile.ts'
import type { ReconcileCheck, Reconciled, ReconcileParts } from './reconcile.ts'

/** What the last comparison came to. */
export interface NightlyState {
  readonly at: Milliseconds
  readonly isGood: boolean
  /** What each comparison says; what is wrong is in the answer of the comparison, and in its entry of the log. */
  readonly checks: readonly Pick<ReconcileCheck, 'name' | 'state' | 'says'>[]
}

/** The comparison of each night, and of who asks for it. One runs at a time. */
export interface Reconciliation {
  run(): Promise<Reconciled>
  /** The last comparison since the start; null before the first. */
  last(): NightlyState | null
  /** Why somebody must look: what does not agree, or that it could not be compared; else null. */
  trouble(): string | null
  close(): void
}

export interface NightlyParts extends ReconcileParts, FactParts {
  readonly log: Log
  /** Where tiles and checkpoints stand. */
  readonly dir: string
  readonly disk?: Disk
  readonly onResult?: (result: Reconciled) => void
}

const FIRST_MS = 10 * 60_000
const EVERY_MS = 24 * 3_600_000

export function startReconciliation(o: NightlyParts): Reconciliation {
  let running: Promise<Reconciled> | undefined
  let last: NightlyState | null = null
  let trouble: string | null = null

  function run(): Promise<Reconciled> {
    running ??= compareAll(o)
      .then(tell)
      .catch((error: unknown) => {
        trouble = `The audit log could not be compared: ${error instanceof Error ? error.message : String(error)}`
        throw error
      })
      .finally(() => (running = undefined))
    return running
  }

  function tell(result: Reconciled): Reconciled {
    const failed = result.checks.filter(({ state }) => state === 'fails')
    if (failed.length > 0) o.log.error({ failed }, 'What was recorded does not agree with the audit log')
    const checks = result.checks.map(({ name, state, says }) => ({ name, state, says }))
    last = { at: result.at, isGood: result.isGood, checks }
    trouble = failed.length === 0 ? null : `${failed.map(({ says }) => says).join(' ')} ${WHAT_TO_DO}`
    o.onResult?.(result)
    return result
  }

  function runLogged(): void {
    run().catch((error: unknown) => o.log.warn({ err: error }, 'The audit log could not be compared; it is tried again tomorrow'))
  }

  const first = setTimeout(runLogged, FIRST_MS).unref()
  const timer = setInterval(runLogged, EVERY_MS).unref()
  return {
    run,
    last: () => last,
    trouble: () => trouble,
    close() {
      clearTimeout(first)
      clearInterval(timer)
    },
  }
}

const WHAT_TO_DO = '"tokentrail audit reconcile" names what is wrong and what to do.'

/** One after the other, each in small slices: actions and validations go first. */
async function compareAll(o: NightlyParts): Promise<Reconciled> {
  const { at, checks } = await reconcile(o)
  const all = [...checks, ...(await checkFacts(o)), await checkLog({ dir: o.dir, disk: o.disk ?? systemDisk, read: o.read })]
  return { at, isGood: all.every(({ state }) => state !== 'fails'), checks: all }
}
