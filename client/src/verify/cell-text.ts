import type { Cell } from './tally.ts'

/** How a value is written for people. In NDJSON every value stays as it is. */
export type ColumnForm = 'text' | 'count' | 'time' | 'duration' | 'days' | 'flag' | 'share'

/** A cell for people: the same text on every machine, whatever its language and zone. */
export function cellText(cell: Cell, { form }: { readonly form: ColumnForm }): string {
  if (cell === null) return ''
  if (typeof cell === 'string') return cell
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return NUMBERS[form](cell)
}

/** A time in UTC. */
export function timeText(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}

/** 12,345 */
export function countText(value: number): string {
  const [whole = '', part] = String(value).split('.')
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')
  return part === undefined ? grouped : `${grouped}.${part}`
}

/** 98.25 % */
export function shareText(value: number): string {
  return `${(value * 100).toFixed(2)} %`
}

/** A length of time in its largest fitting unit. */
export function durationText(ms: number): string {
  const [unit, size] = DURATIONS.find(([, each]) => Math.abs(ms) >= each) ?? ['ms', 1]
  return `${countText(Math.round((ms / size) * 10) / 10)} ${unit}`
}

const DURATIONS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

const NUMBERS: Readonly<Record<ColumnForm, (value: number) => string>> = {
  text: String,
  count: countText,
  time: timeText,
  duration: durationText,
  days: countText,
  flag: String,
  share: shareText,
}

/** A text as it stands in a cell of CSV, before its quotes. */
export function sheetText(value: string): string {
  return value
    .split(/(\r\n|\n|\r)/)
    .map(safeLine)
    .join('')
}

/**
 * Names, agents and paths are written by attackers, and a spreadsheet runs what begins like a formula: any line of a cell whose
 * first character after white space is one of these gets an apostrophe before it. Numbers are left as they are.
 */
const FORMULA = /^[\s\u00a0\ufeff]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/

/** Line breaks stand among the lines and stay as they are. */
function safeLine(line: string, place: number): string {
  return place % 2 === 0 && FORMULA.test(line) ? `'${line}` : line
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Whatever stands in a record was typed by somebody: markup and control characters lose their meaning. */
export function htmlText(value: string): string {
  return value.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter).replaceAll(CONTROLS, '\u{FFFD}')
}

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g
