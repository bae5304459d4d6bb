import { textOf } from '../log/bytes.ts'
import { cellText, htmlText, shareText, sheetText, timeText, type ColumnForm } from './cell-text.ts'
import type { LineReader } from './lines.ts'
import type { Cell, Figure } from './tally.ts'
import { PackBroken } from './zip.ts'

/** Rows that the page of a pack shows of an answer, and columns of them; the files hold all. */
export const ROWS_SHOWN = 50
export const COLUMNS_SHOWN = 8

const RECORD_BYTES_MAX = 1 << 22
const FORMS: readonly ColumnForm[] = ['text', 'count', 'time', 'duration', 'share']
/** No later time can be written. */
const TIME_MAX = 8.64e15

/** The next record of CSV (RFC 4180) with its cells, which may hold line breaks. */
export async function nextRecord(lines: LineReader, file: string): Promise<readonly string[] | undefined> {
  const parts: string[] = []
  let [length, quotes] = [0, 0]
  for (let line = await lines.next(); line; line = await lines.next()) {
    length += line.length + 1
    if (length > RECORD_BYTES_MAX) throw new PackBroken(`A record of this sheet is longer than ${RECORD_BYTES_MAX} bytes.`, file)
    for (const byte of line) if (byte === QUOTE) quotes += 1
    parts.push(textOf(line, file))
    if (quotes % 2 === 0) return cellsOf(parts.join('\n'), file)
  }
  if (parts.length > 0) throw new PackBroken('The last record of this sheet does not end.', file)
  return undefined
}

const QUOTE = 0x22
const QUOTED = /"([^"]*(?:""[^"]*)*)"/y
const PLAIN = /[^",\r\n]*/y

function cellsOf(record: string, file: string): readonly string[] {
  const cells: string[] = []
  const end = record.length - 1
  for (let at = 0; ; at += 1) {
    const form = record[at] === '"' ? QUOTED : PLAIN
    form.lastIndex = at
    const [whole = '', quoted] = form.exec(record) ?? []
    cells.push(quoted === undefined ? whole : quoted.replaceAll('""', '"'))
    at += whole.length
    if (at === end && record[at] === '\r') return cells
    if (record[at] !== ',') throw new PackBroken('A line of this sheet is not CSV as packs write it.', file)
  }
}

/** The first column whose cell in a sheet is not the one of the row. */
export function strayedInSheet(row: Readonly<Record<string, Cell>>, cells: readonly string[]): string | undefined {
  const columns = Object.entries(row)
  if (cells.length !== columns.length) return 'their number'
  return columns.find(([, cell], i) => !isInSheet(cell, cells[i] ?? ''))?.[0]
}

/** Times may be written as times. */
function isInSheet(cell: Cell, text: string): boolean {
  if (typeof cell === 'string') return text === sheetText(cell)
  if (cell === null) return text === ''
  return text === String(cell) || (isTime(cell) && text === timeText(cell))
}

function isTime(cell: Cell): cell is number {
  return typeof cell === 'number' && Number.isInteger(cell) && Math.abs(cell) <= TIME_MAX
}

/** A table of `report.html`: its cells as they stand in the file. */
export interface HtmlTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The tables of `report.html` by their captions. One in another form than packs write hides something. */
export function htmlTables(html: string, file: string): ReadonlyMap<string, HtmlTable> {
  const tables = new Map<string, HtmlTable>()
  let count = 0
  for (const [, caption = '', head = '', body = ''] of html.matchAll(TABLE)) {
    count += 1
    if (tables.has(caption)) throw new PackBroken(`There are two tables "${caption}".`, file)
    tables.set(caption, { head: cellsIn(head), rows: [...body.matchAll(ROW)].map(([, cells = '']) => cellsIn(cells)) })
  }
  if (html.includes('<!--') || html.split(/<table/i).length - 1 !== count)
    throw new PackBroken('A table or a comment of this page is not as packs write it.', file)
  return tables
}

const TABLE =
  /<table><caption>([^<]*)<\/caption><thead><tr>((?:<th scope="col"(?: class="n")?>[^<]*<\/th>)*)<\/tr><\/thead><tbody>\n((?:<tr>(?:<td(?: class="n")?>[^<]*<\/td>)*<\/tr>\n?)*)\n?<\/tbody><\/table>/g
const ROW = /<tr>((?:<td(?: class="n")?>[^<]*<\/td>)*)<\/tr>/g

function cellsIn(row: string): readonly string[] {
  return [...row.matchAll(/>([^<]*)<\/t[hd]>/g)].map(([, cell = '']) => cell)
}

/** What is wrong with the rows that a page shows of an answer. */
export function strayedRows(table: HtmlTable | undefined, rows: readonly Readonly<Record<string, Cell>>[]): string | undefined {
  const [first] = rows
  if (!first) return table ? 'shows rows, of which there are none' : undefined
  if (!table) return 'does not show its rows'
  const names = Object.keys(first).slice(0, COLUMNS_SHOWN)
  if (table.head.join('\n') !== names.map(htmlText).join('\n')) return 'has other columns'
  const wrong = rows.findIndex((row, i) => names.some((name, k) => !isInPage(row[name] ?? null, table.rows[i]?.[k])))
  if (wrong !== -1) {
    const name = names.find((each, k) => !isInPage(rows[wrong]?.[each] ?? null, table.rows[wrong]?.[k])) ?? ''
    return `shows another row ${wrong + 1}: it differs in the column ${name}`
  }
  return table.rows.length === rows.length ? undefined : `shows a row ${rows.length + 1} that is not there`
}

function isInPage(cell: Cell, text: string | undefined): boolean {
  if (text === undefined) return false
  if (typeof cell !== 'number') return text === htmlText(cellText(cell, { form: 'text' }))
  return textsOf(cell).includes(text)
}

/** Every way in which a page may write a number. */
function textsOf(value: number): readonly string[] {
  return FORMS.filter((form) => form !== 'time' || isTime(value)).map((form) => htmlText(cellText(value, { form })))
}

/** What is wrong with the figures that a page shows of an answer. */
export function strayedFigures(table: HtmlTable | undefined, figures: readonly Figure[]): string | undefined {
  if (!table) return 'does not show its figures'
  const wrong = figures.find((figure, i) => {
    const [name, words, value = '', share] = table.rows[i] ?? []
    const isShown = figure.value === null ? value === 'none' : textsOf(figure.value).includes(value)
    return name !== htmlText(figure.name) || words !== htmlText(figure.says) || !isShown || share !== shareOf(figure)
  })
  if (wrong) return `shows another figure ${wrong.name}`
  return table.rows.length === figures.length ? undefined : 'shows a figure that is not there'
}

/** A figure as a share of another one, as pages write it; empty where there is none. */
export function shareOf({ value, of }: Figure): string {
  return value === null || of === undefined || of === null || of === 0 ? '' : shareText(value / of)
}
