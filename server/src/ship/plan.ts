import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'

/** A range of the journal that is being inserted: after `from`, up to and with `upTo`. */
export interface Plan {
  /** Begins the deduplication tokens of its inserts. Random, so that a journal made anew never meets an old token. */
  readonly id: string
  readonly from: number
  readonly upTo: number
}

/**
 * The range under way, remembered on disk before its first insert. After a crash the same range is inserted again under the same
 * tokens, so the store keeps each row once, whatever of it had arrived.
 *
 * Known weakness: a power cut within the 50 ms before the journal's own sync, while a range was under way, can leave the journal with
 * fewer batches than the plan names. Shipping only what the journal has synced would close it, at the price of 50 ms.
 */
export interface PlanFile {
  /** The plan that starts at this position, if one was under way. */
  pending(from: number): Plan | undefined
  remember(plan: Plan): void
  forget(): void
}

export function openPlanFile(path: string): PlanFile {
  return {
    pending: (from) => {
      const plan = read(path)
      return plan?.from === from ? plan : undefined
    },
    remember: (plan) => {
      const file = openSync(path, 'w', 0o600)
      try {
        writeSync(file, JSON.stringify(plan))
        fdatasyncSync(file)
      } finally {
        closeSync(file)
      }
    },
    forget: () => rmSync(path, { force: true }),
  }
}

/** A plan that was only half written had no insert yet, so it is none. */
function read(path: string): Plan | undefined {
  try {
    const plan: unknown = JSON.parse(readFileSync(path, 'utf8'))
    const { id, from, upTo } = plan as { id?: unknown; from?: unknown; upTo?: unknown }
    return typeof id === 'string' && typeof from === 'number' && typeof upTo === 'number' ? { id, from, upTo } : undefined
  } catch {
    return undefined
  }
}
