import { countText, durationText, shareText, timeText } from 'tokentrail/verify'
import { changeText, readTimeText } from './texts.ts'
import type { Cell, Column, Row } from './report.ts'

/** How a value is measured, in files of rows. */
export const FORMS = {
  text: '',
  time: 'RFC 3339, UTC',
  count: 'count',
  share: 'share of 1',
  change: 'change, share of 1',
  duration: 'ms',
  micros: 'µs',
  days: 'days',
  flag: 'true or false',
  figure: 'as its unit says',
} as const
export type Form = keyof typeof FORMS

const NUMBERS: Readonly<Record<Form, (value: number) => string>> = {
  text: String,
  time: readTimeText,
  count: countText,
  share: shareText,
  change: changeText,
  duration: durationText,
  micros: (value) => (value < 1_000 ? `${countText(Math.round(value))} µs` : `${countText(Math.round(value / 100) / 10)} ms`),
  days: (value) => `${countText(Math.round(value * 10) / 10)} d`,
  flag: String,
  figure: countText,
}

/** A cell for people: the same text on every machine, whatever its language and zone. Nothing known is a dash. */
export function shownCell(cell: Cell | undefined, { form }: Pick<Column, 'form'>, row: Row): string {
  if (cell === null || cell === undefined || cell === '') return '–'
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  if (typeof cell === 'string') return cell
  return NUMBERS[form === 'figure' ? formOf(row.unit) : form](cell)
}

/** A cell for machines: times as RFC 3339, everything else as it is. */
export function plainCell(cell: Cell | undefined, { form }: Pick<Column, 'form'>, { unit }: Row): Cell {
  if (typeof cell === 'number' && (form === 'time' || (form === 'figure' && unit === 'time'))) return timeText(cell)
  return cell ?? null
}

/** Do the values of a column stand to the right? */
export function isNumeric({ form }: Pick<Column, 'form'>): boolean {
  return !['text', 'time', 'flag'].includes(form)
}

function formOf(unit: Cell | undefined): Form {
  return typeof unit === 'string' && Object.hasOwn(NUMBERS, unit) ? (unit as Form) : 'count'
}
