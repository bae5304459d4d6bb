import type { Fact, PackDocument, Section as Shown, Table } from '../pack/document.ts'
import { isNumeric, shownCell } from './cells.ts'
import { headFacts } from './head-facts.ts'
import type { Column, Row } from './report.ts'
import type { Part, Run } from './run.ts'
import { readTimeText } from './texts.ts'

/** Rows of one table that a document shows; files of rows hold all. */
export const SHOWN_MAX = 500

/** The report as text and tables, which HTML and PDF are both made from. */
export async function documentOf(run: Run): Promise<PackDocument> {
  const { head, parts } = run
  const sections: Shown[] = []
  for (const part of parts) sections.push(await sectionOf(part))
  const window = `${readTimeText(head.window.from)} to ${readTimeText(head.window.to)}`
  return {
    title: head.title,
    subtitle: `${head.answers} ${window}. Times are UTC. Tenant ${head.tenant}.`,
    stands: head.reader === 'everyone',
    sections: [...sections, aboutOf(run)],
  }
}

async function sectionOf({ section, withheld, rows }: Part): Promise<Shown> {
  const { name, title, says } = section
  if (withheld !== undefined) return { id: name, title, paragraphs: [says, `Withheld: ${withheld}`] }
  const { shown, more } = await taken(rows)
  const words = section.words?.(shown) ?? []
  const paragraphs = [
    ...words,
    says,
    ...(more ? [`The first ${SHOWN_MAX} rows are shown. CSV, XLSX, JSON and NDJSON hold all.`] : []),
  ]
  if (section.as === 'figures') return { id: name, title, paragraphs, facts: shown.map(factOf) }
  if (shown.length === 0) return { id: name, title, paragraphs: [...paragraphs, 'Nothing of this kind in the window.'] }
  return { id: name, title, paragraphs, tables: [tableOf(section, shown)] }
}

function tableOf({ title, columns }: Part['section'], rows: readonly Row[]): Table {
  const shown = Object.entries(columns).filter(([, { onlyInFiles }]) => !onlyInFiles)
  const placesOf = (holds: (column: Column) => boolean) => shown.flatMap(([, column], place) => (holds(column) ? [place] : []))
  return {
    caption: `${title}: ${rows.length === 1 ? '1 row' : `${rows.length} rows`}`,
    head: shown.map(([, column]) => column.title),
    rows: rows.map((row) => shown.map(([name, column]) => shownCell(row[name], column, row))),
    right: placesOf(isNumeric),
    whole: placesOf(({ form }) => form === 'time'),
  }
}

/** `Success rate: 98.25 % (97.90 % to 98.40 %) of 18,204` */
function factOf(row: Row): Fact {
  const cell = (name: string): string => shownCell(row[name], { form: 'figure' }, row)
  const interval = typeof row.low === 'number' && typeof row.high === 'number' ? ` (${cell('low')} to ${cell('high')})` : ''
  const of = typeof row.of === 'number' ? ` of ${shownCell(row.of, { form: 'count' }, row)}` : ''
  return { name: String(row.figure), value: `${cell('value')}${interval}${of}` }
}

function aboutOf(run: Run): Shown {
  return {
    id: 'about',
    title: 'About this report',
    paragraphs: ['The same question with the same watermark gives the same bytes.'],
    facts: headFacts(run).map(([name, value]) => ({ name, value })),
  }
}

async function taken(rows: AsyncIterable<Row>): Promise<{ readonly shown: readonly Row[]; readonly more: boolean }> {
  const shown: Row[] = []
  for await (const row of rows) {
    if (shown.length === SHOWN_MAX) return { shown, more: true }
    shown.push(row)
  }
  return { shown, more: false }
}
