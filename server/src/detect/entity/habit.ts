import { clear, distinctIn, mark } from './bits.ts'
import type { HabitTable } from './records.ts'
import { mix } from './table.ts'

/** What is counted of a subject in windows of one length. */
export interface HabitKind {
  /** Unlike that of any other kind. */
  readonly no: number
  readonly seconds: number
}

/** A subject's window under way, with what was ordinary before it. */
export interface Window {
  readonly count: number
  readonly other: number
  readonly distinct: number
  /** Most in a window before this one. */
  readonly max: number
  readonly mean: number
  /** Windows before this one, since the subject was first seen. */
  readonly windows: number
  /** When the window began, ms. */
  readonly from: number
}

/** What one act adds to a window. */
export interface Act {
  /** Default 1. */
  readonly count?: number
  readonly other?: number
  /** A distinct thing. */
  readonly hash?: number
  /** Adds to `count` only when `hash` is new in the window, so that `max` and `mean` speak of distinct things. */
  readonly onlyDistinct?: boolean
}

/** Counts acts of subjects and knows what was most before. */
export interface Habits {
  /** Adds to the window that holds a time. */
  add(kind: HabitKind, tenant: number, subject: number, at: number, act?: Act): Window
}

const MARK_WORDS = 8
/** What a window teaches is cut to so many times what was known, so that an attack does not become normal at once. */
const TEACHES_MAX = 3

export function createHabits(table: HabitTable): Habits {
  const { fields } = table

  function add(
    kind: HabitKind,
    tenant: number,
    subject: number,
    at: number,
    { count = 1, other = 0, hash, onlyDistinct = false }: Act = {},
  ): Window {
    const second = Math.floor(at / 1000)
    const row = table.touch(mix(tenant, kind.no), mix(Math.floor(subject / 2 ** 32), subject >>> 0), second)
    const from = second - (second % kind.seconds)
    if (table.wasNew()) {
      fields.from.set(row, from)
      fields.firstSeen.set(row, second)
    } else if (from > fields.from.get(row)) turn(row, from, kind.seconds)
    // what comes later than a window after its own is of another time
    if (from < fields.from.get(row) - kind.seconds) return windowOf(row)
    const isNew = hash !== undefined && mark(fields.marks, row, MARK_WORDS, hash)
    if (!onlyDistinct || isNew) fields.count.set(row, fields.count.get(row) + count)
    fields.other.set(row, fields.other.get(row) + other)
    return windowOf(row)
  }

  /** Closes the window under way; empty ones between count too. */
  function turn(row: number, from: number, seconds: number): void {
    const passed = Math.round((from - fields.from.get(row)) / seconds)
    const [known, windows] = [fields.max.get(row), fields.windows.get(row)]
    const seen = windows === 0 ? fields.count.get(row) : Math.min(fields.count.get(row), Math.max(TEACHES_MAX * known, 3))
    const share = 1 / Math.min(windows + 1, 28)
    fields.mean.set(row, (fields.mean.get(row) * (1 - share) + seen * share) * Math.pow(1 - share, passed - 1))
    fields.max.set(row, Math.max(known * Math.pow(0.99, passed), seen))
    fields.windows.set(row, windows + passed)
    fields.from.set(row, from)
    fields.count.set(row, 0)
    fields.other.set(row, 0)
    clear(fields.marks, row, MARK_WORDS)
  }

  function windowOf(row: number): Window {
    return {
      count: Math.round(fields.count.get(row)),
      other: Math.round(fields.other.get(row)),
      distinct: distinctIn(fields.marks, row, MARK_WORDS),
      max: Math.round(fields.max.get(row)),
      mean: fields.mean.get(row),
      windows: fields.windows.get(row),
      from: fields.from.get(row) * 1000,
    }
  }

  return { add }
}
