import type { Share } from '../../query/answer.ts'
import type { Form } from './cells.ts'
import type { Cell, Columns, Row } from './report.ts'

/** Columns of every table of figures: the unit of a value stands beside it. */
export const FIGURE_COLUMNS = {
  figure: { title: 'Figure', form: 'text' },
  value: { title: 'Value', form: 'figure' },
  unit: { title: 'Unit', form: 'text' },
  low: { title: 'Low', form: 'figure' },
  high: { title: 'High', form: 'figure' },
  of: { title: 'Of', form: 'count' },
} as const satisfies Columns

interface Bounds {
  readonly low?: number | null
  readonly high?: number | null
  readonly of?: number | null
}

/** A figure. `null` is: cannot be said. */
export function figure(name: string, value: Cell | undefined, unit: Form = 'count', bounds: Bounds = {}): Row {
  return { figure: name, value: value ?? null, unit, low: bounds.low ?? null, high: bounds.high ?? null, of: bounds.of ?? null }
}

/** A share with its interval and its denominator. */
export function shareFigure(name: string, share: Share | null | undefined): Row {
  return figure(name, share?.value, 'share', {
    low: share?.low ?? null,
    high: share?.high ?? null,
    of: share?.denominator ?? null,
  })
}
