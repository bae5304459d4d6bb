import { FORMS, plainCell } from './cells.ts'
import type { Columns, Row } from './report.ts'
import type { Part, Run } from './run.ts'

/** One object: what it is, then every section with its rows. Times are RFC 3339. */
export async function* jsonOf({ head, parts }: Run): AsyncIterable<string> {
  yield `{"meta":${JSON.stringify(metaOf(head))},"sections":[`
  let count = 0
  for (const [place, part] of parts.entries()) {
    yield `${place === 0 ? '' : ','}\n${JSON.stringify(describe(part)).slice(0, -1)},"rows":[`
    let separator = '\n'
    for await (const row of part.rows) {
      yield separator + JSON.stringify(plainRow(row, part.section.columns))
      separator = ',\n'
      count += 1
    }
    yield ']}'
  }
  yield `],"rowCount":${count}}\n`
}

/** The same by the line: first what it is, then each row with its section, then how many there were. */
export async function* ndjsonOf({ head, parts }: Run): AsyncIterable<string> {
  let count = 0
  yield `${JSON.stringify({ meta: { ...metaOf(head), sections: parts.map(describe) } })}\n`
  for (const { section, rows } of parts) {
    for await (const row of rows) {
      count += 1
      yield `${JSON.stringify({ section: section.name, row: plainRow(row, section.columns) })}\n`
    }
  }
  yield `${JSON.stringify({ end: { rowCount: count } })}\n`
}

function metaOf(head: Run['head']): object {
  const { window, watermark, ...rest } = head
  return { ...rest, from: iso(window.from), to: iso(window.to), watermark: watermark === null ? null : iso(watermark) }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

function describe({ section, withheld }: Part): object {
  const { name, title, says, asks, columns } = section
  return {
    name,
    title,
    says,
    asks,
    columns: Object.fromEntries(
      Object.entries(columns).map(([key, column]) => [key, { title: column.title, unit: FORMS[column.form] }]),
    ),
    ...(withheld === undefined ? {} : { withheld }),
  }
}

function plainRow(row: Row, columns: Columns): Row {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, plainCell(row[name], column, row)]))
}
