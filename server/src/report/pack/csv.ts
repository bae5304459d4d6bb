import { cellText, sheetText } from 'tokentrail/verify'
import type { Cell, Column } from '../evidence/question.ts'

/** One line of CSV (RFC 4180), with its line end. */
export function csvLine(cells: readonly (string | number | boolean | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

/** A row in the order of its columns; times as RFC 3339. */
export function csvRow(row: Readonly<Record<string, Cell>>, columns: Readonly<Record<string, Column>>): string {
  return csvLine(Object.entries(columns).map(([name, column]) => csvValue(row[name] ?? null, column)))
}

function csvValue(cell: Cell, column: Column): string | number | boolean | null {
  return column.form === 'time' ? cellText(cell, column) : cell
}

function csvCell(value: string | number | boolean | null): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const safe = sheetText(value)
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
