import { TYPES, reasonName, type LossReason } from 'tokentrail'
import type { Completeness, Window } from './answer.ts'
import type { Reader } from './reader.ts'
import { OF } from './scope.ts'
import { WINDOW_COUNTS_SQL, type CountRow, windowCounts } from './window-counts.ts'

const LOSSES = [TYPES['loss.declared'].id, TYPES['gap.found'].id, TYPES['gap.filled'].id] as const
const COUNTED: ReadonlySet<number> = new Set(
  Object.values(TYPES)
    .filter(({ id, class: promise }) => promise === 'counted' && !(LOSSES as readonly number[]).includes(id))
    .map(({ id }) => id),
)
const DAY_MS = 86_400_000
/** Declarations read for one answer. More than these in one window is told by the banner anyway. */
const DECLARATIONS_MAX = 100_000

/** Days with declarations come from the roll-up; only those are read raw. A loss is declared during or after its window. */
const DECLARED_DAYS = `SELECT DISTINCT toString(day) AS on_day FROM ${OF.events_day} AND type IN (${LOSSES.join(', ')}) AND day >= toDate({first_day:UInt16})`
const DECLARED = `SELECT type, reason, detail FROM ${OF.events} AND token_no = 0 AND type IN (${LOSSES.join(', ')})
  AND toDate(occurred_at) IN {days:Array(Date)} ORDER BY occurred_at LIMIT ${DECLARATIONS_MAX}`

export const FRAME_SQL = [...WINDOW_COUNTS_SQL, DECLARED_DAYS, DECLARED]

/** What makes an answer about a window believable. */
export interface Frame {
  readonly completeness: Completeness
  readonly lateEvents: number
}

/** Counts what the window holds and what was declared lost or missing in it. A loss is charged in full to every window it touches. */
export async function frameOf(window: Window, reader: Reader): Promise<Frame> {
  const [counts, declared] = await Promise.all([windowCounts(window, reader), declaredIn(window, reader)])
  const stored = sumOf(counts.filter(({ type }) => COUNTED.has(type)))
  const lost = sumByReason(declared.filter((each) => each.type === TYPES['loss.declared'].id))
  const dropped = Object.values(lost).reduce((sum, count) => sum + count, 0)
  const gaps = (type: number): number => declared.filter((each) => each.type === type).reduce((sum, { count }) => sum + count, 0)
  const missing = Math.max(0, gaps(TYPES['gap.found'].id) - gaps(TYPES['gap.filled'].id))
  const received = stored + dropped
  return {
    completeness: { value: received + missing === 0 ? null : stored / (received + missing), received, missing, lost },
    lateEvents: counts.reduce((sum, row) => sum + row.late_events, 0),
  }
}

function sumOf(rows: readonly CountRow[]): number {
  return rows.reduce((sum, { n }) => sum + n, 0)
}

interface Declared {
  readonly type: number
  readonly reason: number
  readonly count: number
  readonly from: number
  readonly to: number
}

async function declaredIn(window: Window, reader: Reader): Promise<readonly Declared[]> {
  const days = await reader.rows<{ on_day: string }>(DECLARED_DAYS, { first_day: Math.floor(window.from / DAY_MS) })
  if (days.length === 0) return []
  const rows = await reader.rows<{ type: number; reason: number; detail: string }>(DECLARED, {
    days: days.map((row) => row.on_day),
  })
  return rows.map(declaredOf).filter(({ from, to }) => from < window.to && to >= window.from)
}

function declaredOf({ type, reason, detail }: { type: number; reason: number; detail: string }): Declared {
  const fields = JSON.parse(detail === '' ? '{}' : detail) as Partial<Declared>
  return { type, reason, count: fields.count ?? 0, from: fields.from ?? 0, to: fields.to ?? 0 }
}

function sumByReason(declared: readonly Declared[]): Completeness['lost'] {
  const lost: Partial<Record<LossReason, number>> = {}
  for (const { reason, count } of declared) {
    const name = reasonName(reason) as LossReason | undefined
    if (name !== undefined) lost[name] = (lost[name] ?? 0) + count
  }
  return lost
}
