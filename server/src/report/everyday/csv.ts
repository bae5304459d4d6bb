import { csvLine } from '../pack/csv.ts'
import { FORMS, plainCell } from './cells.ts'
import { headFacts } from './head-facts.ts'
import type { Run } from './run.ts'

/** The mark by which spreadsheets know that a file is UTF-8. */
const BOM = '\u{FEFF}'

/**
 * For people and spreadsheets: what the report is, then each table under its title, with the unit of each column. What begins like a
 * formula is no formula any more. The last line counts the rows, so that a torn file is known.
 */
export async function* csvOf(run: Run): AsyncIterable<string> {
  let count = 0
  yield BOM + csvLine([run.head.title])
  for (const fact of headFacts(run)) yield csvLine(fact)
  for (const { section, withheld, rows } of run.parts) {
    const columns = Object.entries(section.columns)
    yield csvLine([]) + csvLine([section.title, section.says])
    if (withheld !== undefined) {
      yield csvLine(['Withheld', withheld])
      continue
    }
    yield csvLine(columns.map(([, { title, form }]) => (FORMS[form] === '' ? title : `${title} (${FORMS[form]})`)))
    for await (const row of rows) {
      count += 1
      yield csvLine(columns.map(([name, column]) => plainCell(row[name], column, row)))
    }
  }
  yield csvLine([]) + csvLine(['End of report, rows', count])
}
