import { TYPES } from 'tokentrail'
import type { Milliseconds } from 'tokentrail'
import { blankEvent } from '../event/row.ts'
import type { EventRow } from '../event/row.ts'
import { foundNumbers, NO_MARK, overdue, withFound } from './marks.ts'
import type { Mark } from './marks.ts'

/** How long a number may be late before it is missed. */
const MISSED_AFTER_MS = 5 * 60_000

/** Rows that tell of gaps, and the marks that remember having told. */
export interface GapsFound {
  readonly rows: readonly EventRow[]
  readonly marks: ReadonlyMap<number, Mark>
}

/** Numbers that did not come within five minutes of a later one. */
export function findGaps(marks: ReadonlyMap<number, Mark>, now: Milliseconds): GapsFound {
  const rows: EventRow[] = []
  const moved = new Map<number, Mark>()
  for (const [writer, mark] of marks) {
    const gaps = overdue(mark, now - MISSED_AFTER_MS)
    if (gaps.length === 0) continue
    moved.set(writer, withFound(mark, gaps))
    for (const { from: first, to: last, at, tenant } of gaps) {
      rows.push(gapRow('gap.found', tenant, now, { writer, count: last - first + 1, from: at, to: now, first, last }))
    }
  }
  return { rows, marks: moved }
}

/** Numbers that were told missing and came after all. */
export function filledGaps(before: ReadonlyMap<number, Mark>, moved: ReadonlyMap<number, Mark>, now: Milliseconds): EventRow[] {
  const rows: EventRow[] = []
  for (const [writer, after] of moved) {
    const was = before.get(writer) ?? NO_MARK
    const count = foundNumbers(was) - foundNumbers(after)
    const gap = was.gaps.find(({ isFound }) => isFound)
    if (gap && count > 0) rows.push(gapRow('gap.filled', gap.tenant, now, { writer, count, from: gap.at, to: now }))
  }
  return rows
}

function gapRow(type: 'gap.found' | 'gap.filled', tenant: number, at: Milliseconds, detail: object): EventRow {
  return { ...blankEvent(), tenant, type: TYPES[type].id, occurredAt: at, detail: JSON.stringify(detail) }
}
