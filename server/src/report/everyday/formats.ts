import { htmlOf } from '../pack/html.ts'
import { writePdf } from '../pack/pdf.ts'
import { csvOf } from './csv.ts'
import { documentOf } from './document.ts'
import { jsonOf, ndjsonOf } from './json.ts'
import type { Run } from './run.ts'
import { xlsxOf } from './xlsx.ts'

interface Format {
  readonly type: string
  readonly what: string
  readonly isBinary: boolean
  write(run: Run): AsyncIterable<string | Uint8Array>
}

async function* html(run: Run): AsyncIterable<string> {
  yield htmlOf(await documentOf(run))
}

/** A document is bounded, so that it may be held. Its date is not that of its making: the same report has the same bytes. */
async function* pdf(run: Run): AsyncIterable<Uint8Array> {
  const pieces: Uint8Array[] = []
  const { watermark, window } = run.head
  await writePdf(await documentOf(run), watermark ?? window.to, async (piece) => void pieces.push(piece))
  yield Buffer.concat(pieces)
}

/** Every form in which a report is given. Documents show so many rows; files of rows are streamed and hold all. */
export const FORMATS = {
  html: { type: 'text/html; charset=utf-8', what: 'one file to read and print, without script', isBinary: false, write: html },
  pdf: { type: 'application/pdf', what: 'tagged, to print and file', isBinary: true, write: pdf },
  csv: {
    type: 'text/csv; charset=utf-8',
    what: 'all rows, for spreadsheets; no cell is a formula',
    isBinary: false,
    write: csvOf,
  },
  xlsx: {
    type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    what: 'all rows, one sheet for each table, texts as texts',
    isBinary: true,
    write: xlsxOf,
  },
  json: { type: 'application/json; charset=utf-8', what: 'all rows, as one object', isBinary: false, write: jsonOf },
  ndjson: { type: 'application/x-ndjson; charset=utf-8', what: 'all rows, by the line', isBinary: false, write: ndjsonOf },
} as const satisfies Record<string, Format>
export type FormatName = keyof typeof FORMATS
export const FORMAT_NAMES = Object.keys(FORMATS) as FormatName[]
