import { styleText } from 'node:util'
import { durationText } from 'tokentrail/verify'

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow'

/** Colours only where a person looks and has not asked for none (no-color.org). */
export function paint(style: Style, text: string): string {
  const plain = Boolean(process.env.NO_COLOR) || !process.stdout.isTTY
  return plain ? text : styleText(style, text, { validateStream: false })
}

/** Writes one line to standard output. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** Writes a value as one line of JSON to standard output. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value))
}

/** Writes one line to standard error. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Names and values under each other; a value of `undefined` or `null` is left out. */
export function sayFacts(facts: Readonly<Record<string, string | number | null | undefined>>): void {
  const present = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const width = Math.max(0, ...present.map(([name]) => name.length))
  for (const [name, value] of present) say(`  ${paint('dim', name.padEnd(width))}  ${printable(String(value))}`)
}

/** A table with a head; numbers stand to the right. */
export function sayTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const texts = rows.map((row) => row.map((cell) => printable(typeof cell === 'number' ? whole(cell) : cell)))
  const widths = head.map((title, column) => Math.max(title.length, ...texts.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[], like: readonly (string | number)[]): string =>
    cells
      .map((cell, i) => (typeof like[i] === 'number' ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  say(paint('dim', line(head, rows[0] ?? [])))
  texts.forEach((row, i) => say(line(row, rows[i] ?? [])))
}

/** What stands in a record was typed by somebody: control characters must not reach the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

/** 12,345 */
export function whole(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** 98.2 % */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${(share * 100).toLocaleString('en-US', { maximumFractionDigits: 2 })} %`
}

/** 2026-11-25 09:30:00 UTC */
export function instant(at: string | number | null | undefined): string {
  if (at === null || at === undefined) return '–'
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** A length of time in its largest fitting unit: 3.2 d, 14 min. */
export function duration(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '–' : durationText(ms)
}
