import { htmlOf } from '../pack/html.ts'
import { csvOf } from './csv.ts'
import { documentOf } from './document.ts'
import { jsonOf, ndjsonOf } from './json.ts'
import type { Run } from './run.ts'

interface Format {
  readonly type: string
  readonly what: string
  readonly isBinary: boolean
  write(run: Run): AsyncIterable<string | Uint8Array>
}

async function* html(run: Run): AsyncIterable<string> {
  yield htmlOf(await documentOf(run))
}

/** Every form in which a report is given. Documents show so many rows; files of rows are streamed and hold all. */
export const FORMATS = {
  html: { type: 'text/html; charset=utf-8', what: 'one file to read and print, without script', isBinary: false, write: html },
  csv: {
    type: 'text/csv; charset=utf-8',
    what: 'all rows, for spreadsheets; no cell is a formula',
    isBinary: false,
    write: csvOf,
  },
  json: { type: 'application/json; charset=utf-8', what: 'all rows, as one object', isBinary: false, write: jsonOf },
  ndjson: { type: 'application/x-ndjson; charset=utf-8', what: 'all rows, by the line', isBinary: false, write: ndjsonOf },
} as const satisfies Record<string, Format>
export type FormatName = keyof typeof FORMATS
export const FORMAT_NAMES = Object.keys(FORMATS) as FormatName[]
