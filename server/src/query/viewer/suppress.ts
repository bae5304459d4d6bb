/**
 * So many owners stand behind every figure that a viewer is shown; a tenant may ask for more, never for fewer. With 5 an attacker who
 * knows who belongs to which group was right about one owner's presence in 56 % of even cases, with 10 in 51 %.
 */
export const GROUP_MIN = 10
/** Owners of a cell that are remembered, and so the most that may be asked for. */
export const MEMBERS_MAX = 32

/** What may not be told apart. */
export const OTHER = 'other'

/** Attempts of one class and kind in one bucket, with some of the owners behind them. */
export interface Cell {
  readonly key: string
  readonly count: number
  readonly members: readonly string[]
}

/**
 * Cells that may be shown: no group under `groupMin` owners can be found in them or between them. Small cells become *other*, and while
 * that is small itself the next smallest joins it. There is always an *other*, also where no cell was small, so that it says nothing of
 * whether one was. What is small as a whole is not shown at all. Cells that hold an *other* already only become coarser.
 */
export function suppress(cells: readonly Cell[], groupMin: number): readonly Cell[] {
  const ordered = cells.filter(({ count }) => count > 0).toSorted(bySize)
  const isHidden = (cell: Cell): boolean => cell.key === OTHER || isSmall(cell, groupMin)
  const visible = ordered.filter((cell) => !isHidden(cell))
  const hidden = ordered.filter(isHidden)
  while (visible.length > 0 && isSmall(other(hidden), groupMin)) hidden.push(...visible.splice(0, 1))
  if (hidden.length === 0 || isSmall(other(hidden), groupMin)) return []
  return [...visible, other(hidden)].toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

/** Always the same way: to 5, and above 1,000 to 10. */
export function rounded(count: number): number {
  const step = stepOf(count)
  return Math.round(count / step) * step
}

/** How far a rounded count may be from the count. */
export function stepOf(count: number): number {
  return count > 1_000 ? 10 : 5
}

/** A group is its owners. With fewer than two steps of rounding, a count would say that each of them did about nothing. */
function isSmall({ members, count }: Cell, groupMin: number): boolean {
  return members.length < groupMin || count < COUNT_MIN
}

const COUNT_MIN = 10

function other(cells: readonly Cell[]): Cell {
  const members = [...new Set(cells.flatMap((cell) => cell.members))].toSorted().slice(0, MEMBERS_MAX)
  return { key: OTHER, count: cells.reduce((sum, { count }) => sum + count, 0), members }
}

function bySize(a: Cell, b: Cell): number {
  return a.members.length - b.members.length || a.count - b.count || (a.key < b.key ? -1 : 1)
}
