import { networkName } from '../../query/network.ts'
import type { EventRow } from '../../event/row.ts'
import type { Field } from './fields.ts'
import type { TimePart } from './rule.ts'

/** What a field of an event says, as texts: none where it is absent, several where `detail` holds a list. */
export function textsOf(field: Field, row: EventRow): readonly string[] {
  if (field.form === 'detail') return detailTexts(row.detail, field.path)
  if (field.form === 'time') return [String(row.occurredAt)]
  const text = singleText(field, row)
  return text === null ? NONE : [text]
}

const NONE: readonly string[] = []

function singleText(field: Exclude<Field, { form: 'detail' | 'time' }>, row: EventRow): string | null {
  if (field.form === 'text') return field.get(row) || null
  if (field.form === 'names') return nameOf(field, field.get(row))
  if (field.form === 'hex') return field.get(row) === 0n ? null : networkName(field.get(row))
  const value = field.get(row)
  return value === 0 && field.zeroIsNone ? null : String(value)
}

/** The name of a number, or `null` where it stands for none. */
export function nameOf(field: Extract<Field, { form: 'names' }>, id: number): string | null {
  const name = field.names.get(id)
  return name === undefined ? field.otherwise : name
}

let lastDetail = ''
let lastParsed: unknown

/** Several rules look into the same detail one after the other. */
function parsedDetail(detail: string): unknown {
  if (detail !== lastDetail) {
    lastDetail = detail
    lastParsed = parseJson(detail)
  }
  return lastParsed
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function detailTexts(detail: string, path: readonly string[]): readonly string[] {
  let value = parsedDetail(detail)
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return NONE
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return (Array.isArray(value) ? value : [value]).flatMap((item) => scalarText(item) ?? [])
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** A part of a time, in UTC; weeks as ISO 8601 counts them. */
export function partOf(at: number, part: TimePart): number {
  return PARTS[part](new Date(at))
}

const PARTS: Readonly<Record<TimePart, (date: Date) => number>> = {
  minute: (date) => date.getUTCMinutes(),
  hour: (date) => date.getUTCHours(),
  day: (date) => date.getUTCDate(),
  week: isoWeek,
  month: (date) => date.getUTCMonth() + 1,
  year: (date) => date.getUTCFullYear(),
}

const DAY_MS = 86_400_000

/** The week of the Thursday beside it. */
function isoWeek(date: Date): number {
  const day = Math.floor(date.getTime() / DAY_MS)
  const thursday = day - ((day + 3) % 7) + 3
  const year = new Date(thursday * DAY_MS).getUTCFullYear()
  return Math.floor((thursday - Date.UTC(year, 0, 1) / DAY_MS) / 7) + 1
}
