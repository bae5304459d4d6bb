import type { Cell, Column } from '../evidence/question.ts'
import { cellText } from './cell-text.ts'

/**
 * Names, agents and paths are written by attackers, and a spreadsheet runs what begins like a formula: any line of a cell whose
 * first character after white space is one of these gets an apostrophe before it. Numbers are left as they are.
 */
const FORMULA = /^[\s\u00a0\ufeff]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/

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
  const safe = value
    .split(/(\r\n|\n|\r)/)
    .map(safeLine)
    .join('')
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Line breaks stand among the lines and stay as they are. */
function safeLine(line: string, place: number): string {
  return place % 2 === 0 && FORMULA.test(line) ? `'${line}` : line
}
