import { FACT_REASONS, TYPES, type ReasonClass } from 'tokentrail'
import { classOf } from '../query/classes.ts'
import type { CountRow } from '../query/window-counts.ts'

const [ISSUED, IMPORTED] = [TYPES['token.issued'].id, TYPES['token.imported'].id]
const [VALIDATED, CONSUMED] = [TYPES['token.validated'].id, TYPES['token.consumed'].id]

/** Everything that is a plain sum over the window's events. */
export interface Counts {
  readonly issued: number
  /** Of those the successors of a rotation. */
  readonly issuedAsSuccessor: number
  readonly imported: number
  readonly attempts: number
  readonly consumed: number
  readonly unattributedRejections: number
  /** Of those refused before any lookup: by size, shape, checksum or a limit of the door. */
  readonly unattributedBeforeLookup: number
  readonly failedOpen: number
  of(group: ReasonClass): number
  reason(id: number): number
}

const BEFORE_LOOKUP: ReadonlySet<number> = new Set([10, 11, 12, 61, 63])
const FAILED_OPEN = 3

/** The counts of a window, from its sums. */
export function countsOf(rows: readonly CountRow[]): Counts {
  const sum = (holds: (row: CountRow) => boolean): number => rows.filter(holds).reduce((total, { n }) => total + n, 0)
  const isAttempt = (row: CountRow): boolean =>
    (row.type === VALIDATED || row.type === CONSUMED) && classOf(row.outcome, row.reason) !== null
  const isPressure = (row: CountRow): boolean => isAttempt(row) && row.population === 2 && row.outcome === 2
  return {
    issued: sum((row) => row.type === ISSUED),
    issuedAsSuccessor: sum((row) => row.type === ISSUED && row.reason === FACT_REASONS.successor.id),
    imported: sum((row) => row.type === IMPORTED),
    attempts: sum(isAttempt),
    consumed: sum((row) => row.type === CONSUMED && row.outcome === 1),
    unattributedRejections: sum(isPressure),
    unattributedBeforeLookup: sum((row) => isPressure(row) && BEFORE_LOOKUP.has(row.reason)),
    failedOpen: sum((row) => isAttempt(row) && row.outcome === 1 && row.reason === FAILED_OPEN),
    of: (group) => sum((row) => isAttempt(row) && classOf(row.outcome, row.reason) === group),
    reason: (id) => sum((row) => isAttempt(row) && row.outcome === 2 && row.reason === id),
  }
}
