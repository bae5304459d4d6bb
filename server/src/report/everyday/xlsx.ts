import { Zip, ZipDeflate } from 'fflate'
import { FORMS, type Form, plainCell } from './cells.ts'
import { headFacts } from './head-facts.ts'
import type { Cell, Column, Row } from './report.ts'
import type { Part, Run } from './run.ts'
import { cellXml, sheetHead, SHEET_END, STYLES, type StyleName, workbookFiles } from './xlsx-parts.ts'

/** A sheet holds no more. */
const ROWS_MAX = 1_048_576
/** Text is packed in pieces of this length. */
const PIECE_CHARS = 1 << 16

/** A workbook: what the report is, and a sheet for each table. Rows are packed as they come and never held. */
export async function* xlsxOf(run: Run): AsyncIterable<Uint8Array> {
  const zip = createZip()
  const names = ['About', ...sheetNames(run.parts)]
  for (const [name, text] of workbookFiles(names)) yield* zip.file(name, [text])
  yield* zip.file('xl/worksheets/sheet1.xml', aboutSheet(run))
  for (const [place, part] of run.parts.entries()) yield* zip.file(`xl/worksheets/sheet${place + 2}.xml`, tableSheet(part))
  yield* zip.end()
}

function* aboutSheet(run: Run): Iterable<string> {
  yield sheetHead([22, 110], 1)
  yield rowXml([{ value: run.head.title, style: 'head' }])
  for (const [name, value] of headFacts(run)) yield rowXml([{ value: name }, { value }])
  yield SHEET_END
}

async function* tableSheet({ section, withheld, rows }: Part): AsyncIterable<string> {
  const columns = Object.entries(section.columns)
  yield sheetHead(
    columns.map(([, column]) => widthOf(column)),
    1,
  )
  if (withheld !== undefined) {
    yield rowXml([{ value: `Withheld: ${withheld}`, style: 'head' }]) + SHEET_END
    return
  }
  yield rowXml(
    columns.map(([, { title, form }]) => ({ value: FORMS[form] === '' ? title : `${title} (${FORMS[form]})`, style: 'head' })),
  )
  let count = 1
  for await (const row of rows) {
    count += 1
    if (count === ROWS_MAX) {
      yield rowXml([{ value: 'A sheet holds no more rows. CSV, JSON and NDJSON hold all.', style: 'head' }])
      break
    }
    yield rowXml(columns.map(([name, column]) => cellOf(row, name, column)))
  }
  yield SHEET_END
}

interface SheetCell {
  readonly value: Cell
  readonly style?: StyleName
}

function cellOf(row: Row, name: string, column: Column): SheetCell {
  const form = column.form === 'figure' ? row.unit : column.form
  const style = form === 'share' ? 'share' : form === 'count' ? 'count' : 'plain'
  return { value: plainCell(row[name], column, row), style }
}

function rowXml(cells: readonly SheetCell[]): string {
  return `<row>${cells.map(({ value, style = 'plain' }) => cellXml(value, STYLES[style])).join('')}</row>`
}

const WIDTHS: Partial<Readonly<Record<Form, number>>> = { text: 28, time: 24 }

function widthOf({ form }: Column): number {
  return WIDTHS[form] ?? 16
}

/** Names of sheets: at most 31 characters, without the signs that mean something in a formula, each once. */
function sheetNames(parts: readonly Part[]): readonly string[] {
  return parts.map(({ section }, place) => `${place + 1} ${section.title.replaceAll(/[[\]:*?/\\']/g, ' ')}`.slice(0, 31).trim())
}

/** Midnight of 1980-01-01 wherever the server stands: the first moment that a zip can say. */
const ZIP_TIME = new Date(1980, 0, 1)

/** Packs file after file; what is packed is given out at once. */
function createZip() {
  let packed: Uint8Array[] = []
  let failure: Error | null = null
  const zip = new Zip((error, piece) => {
    failure ??= error
    packed.push(piece)
  })
  const taken = (): readonly Uint8Array[] => {
    if (failure) throw failure
    const pieces = packed
    packed = []
    return pieces.filter(({ length }) => length > 0)
  }

  return {
    async *file(name: string, texts: Iterable<string> | AsyncIterable<string>): AsyncIterable<Uint8Array> {
      const file = new ZipDeflate(name, { level: 6 })
      file.mtime = ZIP_TIME
      zip.add(file)
      let waiting = ''
      for await (const text of texts) {
        waiting += text
        if (waiting.length < PIECE_CHARS) continue
        file.push(Buffer.from(waiting))
        waiting = ''
        yield* taken()
      }
      file.push(Buffer.from(waiting), true)
      yield* taken()
    },
    *end(): Iterable<Uint8Array> {
      zip.end()
      yield* taken()
    },
  }
}
