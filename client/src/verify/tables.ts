import { textOf } from '../log/bytes.ts'
import { linesFrom } from './entries.ts'
import type { EventEntries, EventRows } from './event-rows.ts'
import { htmlText } from './cell-text.ts'
import { wholeOf, type LineReader } from './lines.ts'
import { failure, type Place } from './outcome.ts'
import { isOutsideManifest, PACK_FILES, type PackManifest, type PackTable } from './pack.ts'
import { htmlTables, nextRecord, ROWS_SHOWN, strayedFigures, strayedInSheet, strayedRows, type HtmlTable } from './printed.ts'
import { createTally, type Cell, type Figure } from './tally.ts'
import { PackBroken, type PackFolder } from './zip.ts'

/** What came of the printed tables. */
export interface TablesFound {
  /** What contradicts an entry or another print of the same table. */
  readonly wrong: readonly { readonly says: string; readonly place: Place }[]
  /** Rows of events that are not proven, and entries that are not printed. */
  readonly open: readonly string[]
  /** What was compared, and what was not. */
  readonly notes: readonly string[]
  /** Tables of which rows were compared with entries. */
  readonly compared: number
}

type Row = Readonly<Record<string, Cell>>

const PAGE = 'report.html'
const PAGE_BYTES_MAX = 1 << 25
const WRONG_MAX = 20

/**
 * Compares every table that a pack prints: rows of events with the entries of the log, the sheet with the rows, the page with
 * both, and each figure with what is counted again. Rows that rest on records or on the store agree with each other at best.
 */
export async function checkTables(folder: PackFolder, manifest: PackManifest, entries: EventEntries): Promise<TablesFound> {
  const { answers: tables = [] } = manifest
  const found = { wrong: [] as TablesFound['wrong'][number][], open: [] as string[], notes: [] as string[], compared: 0 }
  const [proven, unproven] = [[] as string[], [] as string[]]
  const page = tables.length === 0 ? undefined : await attemptPage(folder, found.wrong)
  for (const table of tables) {
    const read = await attemptTable(folder, manifest, table, entries.compare(table, manifest), page)
    for (const each of read.wrong) if (found.wrong.length < WRONG_MAX) found.wrong.push(each)
    found.open.push(...read.open.map((says) => `${table.question}: ${says}.`))
    if (read.proven === undefined) unproven.push(table.question)
    else proven.push(`${table.question} ${read.proven.toLocaleString('en-US')}`)
  }
  const asked = new Set(tables.flatMap(({ question }) => captionsOf(question)))
  const strange = [...(page?.keys() ?? [])].filter((caption) => !asked.has(caption.replace(MORE_COLUMNS, '')))
  for (const caption of strange.filter((each) => /^(Rows|Figures) of/i.test(each)))
    found.wrong.push({ says: `${PAGE}: the table "${caption}" belongs to no answer.`, place: { file: PAGE } })
  found.compared = proven.length
  found.notes.push(...notesOf(folder, tables, proven, unproven))
  return found
}

function notesOf(
  folder: PackFolder,
  tables: readonly PackTable[],
  proven: readonly string[],
  unproven: readonly string[],
): readonly string[] {
  const known = new Set<string>([...Object.values(PACK_FILES), PAGE, ...tables.flatMap(({ file }) => filesOf(file))])
  const others = [...folder.files.keys()].filter((name) => !known.has(name) && !isOutsideManifest(name))
  return [
    ...(proven.length > 0
      ? [
          `Rows that are entries of the log: ${proven.join(', ')}. Event, type, time, reason and kind of actor are compared, and what is disclosed; no other column is proven.`,
        ]
      : []),
    ...(unproven.length > 0
      ? [
          `Not proven, because their rows rest on records or on the store, or are left out: the tables ${unproven.join(', ')}. Their prints were compared with each other only.`,
        ]
      : []),
    ...(others.length > 0
      ? [
          `Compared with nothing: ${others.slice(0, 20).join(', ')}${others.length > 20 ? ` and ${others.length - 20} more` : ''}.`,
        ]
      : []),
    ...(tables.length > 0 && folder.files.has(PAGE)
      ? [
          `The words of ${PAGE}, its other tables, and how it looks are not proven; only its tables of rows and figures are compared.`,
        ]
      : []),
  ]
}

function filesOf(file: string | null): string[] {
  return file === null ? [] : [file, sheetOf(file)]
}

function sheetOf(file: string): string {
  return file.replace(/\.ndjson$/, '.csv')
}

type Pages = ReadonlyMap<string, HtmlTable> | undefined

async function attemptPage(folder: PackFolder, wrong: TablesFound['wrong'][number][]): Promise<Pages> {
  if (!folder.files.has(PAGE)) return undefined
  try {
    return htmlTables(textOf(await wholeOf(folder.read(PAGE), PAGE_BYTES_MAX, PAGE), PAGE), PAGE)
  } catch (error) {
    wrong.push({ says: `${PAGE}: ${failure('figures', PAGE, error).says}`, place: { file: PAGE } })
    return undefined
  }
}

interface TableRead {
  readonly wrong: readonly TablesFound['wrong'][number][]
  readonly open: readonly string[]
  /** Rows that are entries; nothing where the rows are no events, or are not here. */
  readonly proven: number | undefined
}

async function attemptTable(
  folder: PackFolder,
  manifest: PackManifest,
  table: PackTable,
  events: EventRows | undefined,
  page: Pages,
): Promise<TableRead> {
  try {
    return await readTable(folder, manifest, table, events, page)
  } catch (error) {
    const { says, first = {} } = failure('figures', table.file ?? PAGE, error)
    return { wrong: [{ says: `${first.file ?? ''}: ${says}`, place: first }], open: [], proven: undefined }
  }
}

async function readTable(
  folder: PackFolder,
  manifest: PackManifest,
  table: PackTable,
  events: EventRows | undefined,
  page: Pages,
): Promise<TableRead> {
  const wrong: TablesFound['wrong'][number][] = []
  const stray = (file: string, says: string): void => void wrong.push({ says: `${file}: ${says}.`, place: { file } })
  const rows = table.file === null ? undefined : await readRows(folder, table.file, table, events, stray)
  const question = manifest.questions.find(({ name }) => name === table.question)
  if (rows && question && question.rows !== rows.count)
    stray(table.file ?? '', `it has ${rows.count} rows, report.json says ${question.rows}`)
  for (const figure of rows?.figures ?? [])
    stray(PACK_FILES.manifest, `the figure ${figure.name} of ${table.question} is not what its rows give`)
  if (page) {
    const [shown, figures] = captionsOf(table.question).map((caption) => page.get(caption))
    const more = page.get(`${captionsOf(table.question)[0]}${MORE_COLUMNS}`)
    const problem =
      (shown && more ? 'stands there twice' : undefined) ??
      strayedRows(shown ?? more, rows?.first ?? []) ??
      strayedFigures(figures, table.figures)
    if (problem !== undefined) stray(PAGE, `the table of ${table.question} ${problem}`)
  }
  const isRight = wrong.every(({ place }) => place.file !== table.file)
  const end = rows && events && isRight ? events.end() : undefined
  return { wrong, open: [...(end?.open ?? []), ...differing(table, question?.figures ?? [])], proven: end?.proven }
}

/** Captions under which a page shows rows and figures. */
function captionsOf(question: string): readonly [string, string] {
  return [`Rows of ${htmlText(question)}`, `Figures of ${htmlText(question)}`]
}

const MORE_COLUMNS = ', first columns'

/** Figures whose page says another number than the entries give. */
function differing(table: PackTable, counted: PackManifest['questions'][number]['figures']): readonly string[] {
  return counted.flatMap(({ name, value }) => {
    const shown = table.figures.find((figure) => figure.name === name)
    return shown && shown.value !== value
      ? [`the figure ${name} is printed as ${shown.value ?? 'none'}, the log gives ${value}`]
      : []
  })
}

interface RowsRead {
  readonly count: number
  readonly first: readonly Row[]
  /** Figures that do not follow from the rows. */
  readonly figures: readonly Figure[]
}

/** Goes through rows and sheet side by side. */
async function readRows(
  folder: PackFolder,
  file: string,
  table: PackTable,
  events: EventRows | undefined,
  stray: (file: string, says: string) => void,
): Promise<RowsRead> {
  for (const each of filesOf(file)) if (!folder.files.has(each)) throw new PackBroken('This table is missing.', each)
  const [lines, sheet] = [linesFrom(folder, file), linesFrom(folder, sheetOf(file))]
  const tally = createTally(table.figures)
  const first: Row[] = []
  const names = await columnsOf(sheet, sheetOf(file))
  let [count, isSheetRight, areEventsRight] = [0, true, true]
  for (let line = await lines.next(); line; line = await lines.next()) {
    const row = rowFrom(line, file, count + 1)
    count += 1
    if (first.length < ROWS_SHOWN) first.push(row)
    tally.take(row)
    if (Object.keys(row).join('\n') !== names.join('\n'))
      throw new PackBroken(`Row ${count} has other columns than the sheet.`, file)
    const cells = isSheetRight ? await nextRecord(sheet, sheetOf(file)) : undefined
    const strayed = isSheetRight ? (cells ? strayedInSheet(row, cells) : 'every one: it is missing') : undefined
    if (strayed !== undefined) {
      isSheetRight = false
      stray(sheetOf(file), `row ${count} is not that of ${file}; it differs in the column ${strayed}`)
    }
    const problem = areEventsRight ? events?.take(row, count) : undefined
    if (problem !== undefined) {
      areEventsRight = false
      stray(file, `row ${count} ${problem}`)
    }
  }
  if (isSheetRight && (await nextRecord(sheet, sheetOf(file)))) stray(sheetOf(file), `row ${count + 1} is not in ${file}`)
  return {
    count,
    first,
    figures: count === 0 ? wrongFigures(table, tally.figures(), undefined) : wrongFigures(table, tally.figures(), names),
  }
}

/** Figures that rest on a column which is left out cannot be counted again. */
function wrongFigures(table: PackTable, counted: readonly Figure[], names: readonly string[] | undefined): readonly Figure[] {
  const isHere = ({ where = {}, sum, max }: Figure): boolean =>
    [...Object.keys(where), ...(sum === undefined ? [] : [sum]), ...(max === undefined ? [] : [max])].every(
      (name) => names === undefined || names.includes(name),
    )
  return table.figures.filter((figure, i) => {
    const again = counted[i]
    if (!isHere(figure)) return false
    const base = table.figures.find(({ name }) => name === figure.share)
    return figure.value !== again?.value || (base !== undefined && isHere(base) && figure.of !== again?.of)
  })
}

/** What stands above the table says what was asked; an empty line ends it. */
async function columnsOf(sheet: LineReader, file: string): Promise<readonly string[]> {
  for (let cells = await nextRecord(sheet, file); cells; cells = await nextRecord(sheet, file))
    if (cells.length === 1 && cells[0] === '') {
      const names = await nextRecord(sheet, file)
      if (names) return names
    }
  throw new PackBroken('This sheet has no columns.', file)
}

function rowFrom(line: Uint8Array, file: string, number: number): Row {
  const text = textOf(line, file)
  const row: unknown = jsonFrom(text, file)
  const isFlat =
    typeof row === 'object' &&
    JSON.stringify(row) === text &&
    row !== null &&
    !Array.isArray(row) &&
    Object.values(row).every((cell) => cell === null || ['string', 'number', 'boolean'].includes(typeof cell))
  if (!isFlat) throw new PackBroken(`Row ${number} is no flat object in the one form that rows have.`, file)
  return row as Row
}

function jsonFrom(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new PackBroken('A row is no JSON.', file)
  }
}
