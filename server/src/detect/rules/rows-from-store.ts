import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import { blankEvent, type ColumnForm, EVENT_COLUMNS, type EventRow } from '../../event/row.ts'
import type { SqlCondition } from './to-sql.ts'

/** Columns that identify an event and whom it is about. */
const ALWAYS: readonly (keyof EventRow)[] = ['writer', 'seq', 'occurredAt', 'tokenNo', 'ownerNo', 'network', 'count']

/** The part of a SELECT that gives these columns, and how its lines become rows again. */
export function readColumns(fields: readonly (keyof EventRow)[]): { readonly select: string; parse(line: string): EventRow } {
  const wanted = new Set([...ALWAYS, ...fields])
  const columns = EVENT_COLUMNS.filter(({ field }) => wanted.has(field))
  return {
    select: columns.map(({ column, form }) => (SELECTS[form] ?? plain)(column)).join(', '),
    parse(line) {
      const values = JSON.parse(line) as readonly unknown[]
      const given = columns.map(({ field, form }, i) => [field, (READS[form] ?? same)(values[i])] as const)
      return Object.assign(blankEvent(), Object.fromEntries(given))
    },
  }
}

const plain = (column: string): string => column
const same = (value: unknown): unknown => value

/** What JSON cannot carry comes as text. */
const SELECTS: Partial<Record<ColumnForm, (column: string) => string>> = {
  time: (column) => `toUnixTimestamp64Milli(${column})`,
  u64: (column) => `toString(${column})`,
  bytes16: (column) => `hex(${column})`,
}
const READS: Partial<Record<ColumnForm, (value: unknown) => unknown>> = {
  time: Number,
  count: Number,
  i64: Number,
  u64: (value) => BigInt(String(value)),
  bytes16: (value) => Uint8Array.from(Buffer.from(String(value), 'hex')),
}

/** Lines of a `JSONCompactEachRow` stream. */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) if (line !== '') yield line
}

/** Any of several conditions. */
export function anyOf(conditions: readonly SqlCondition[]): SqlCondition {
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(' OR ')})`,
    params: Object.assign({}, ...conditions.map(({ params }) => params)) as SqlCondition['params'],
  }
}
