import { TrailError } from '../errors.ts'
import type { RecordActions } from './records.ts'

/** Lets actions pass, or only those that write no critical event. */
export interface Gate {
  halt(error: TrailError | null): void
  pass(name: keyof RecordActions, act: () => Promise<unknown>): Promise<unknown>
}

/**
 * What still runs while the log may not be appended to: housekeeping without a critical event, and what mends the log. Everything
 * that is not named here fails closed.
 */
const PASSING: ReadonlySet<keyof RecordActions> = new Set([
  'leaseWriter',
  'putKey',
  'putImport',
  'forgetOutbox',
  'observeTokens',
  'noteObserved',
  'noteSent',
  'rekeyToken',
  'endSession',
  'offerToLog',
  'addBatches',
  'keepLeaves',
  'keepCosigned',
  'markAnchor',
  'rewrapKeys',
  'openShard',
  'appendToLog',
  'fixCheckpoint',
  'keepNote',
  'haltLog',
  'recoverLog',
  'nameInstall',
  'requestApproval',
  'decideApproval',
])

export function createGate(): Gate {
  let halted: TrailError | null = null
  return {
    halt(error) {
      halted = error
    },
    async pass(name, act) {
      if (halted && !PASSING.has(name)) throw refusing(halted, name)
      return act()
    },
  }
}

/** Says which action was refused, and shows where it was asked for. */
function refusing({ code, message, retryAfterSeconds }: TrailError, name: string): TrailError {
  return new TrailError(code, message, { input: name, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) })
}
