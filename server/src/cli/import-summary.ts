import { pathsOf, type Format } from '../connect/format.ts'

/** What an import did, in records of the files. `read = stored + repeated + rejected + lost` (and `mapped` in a dry run). */
export interface ImportSummary {
  readonly format: string
  readonly dryRun: boolean
  readonly files: number
  read: number
  /** Dry run: records that would be sent. */
  mapped: number
  stored: number
  repeated: number
  rejected: number
  lost: number
  /** Records among them that name no token; stored too, and counted apart. */
  withoutKey: number
  /** Events that follow from records: the life of a key that a call made or removed. */
  furtherEvents: number
  /** Those of them that the server refused or could not take. */
  furtherFailed: number
  /** In a dry run: how many records have each field, mapped or not. */
  readonly fields: { readonly mapped: Record<string, number>; readonly unmapped: Record<string, number> }
}

export function emptySummary(format: string, files: number, dryRun: boolean): ImportSummary {
  const counts = {
    read: 0,
    mapped: 0,
    stored: 0,
    repeated: 0,
    rejected: 0,
    lost: 0,
    withoutKey: 0,
    furtherEvents: 0,
    furtherFailed: 0,
  }
  return { format, dryRun, files, ...counts, fields: { mapped: {}, unmapped: {} } }
}

const PATHS_MAX = 2_000

/** Counts the fields of a record; every one of them is either mapped or named as unmapped. */
export function countFields(summary: ImportSummary, format: Format, record: unknown): void {
  for (const path of pathsOf(record, format.containers)) {
    const counts = format.fields.has(path) ? summary.fields.mapped : summary.fields.unmapped
    const name = Object.hasOwn(counts, path) || Object.keys(counts).length < PATHS_MAX ? path : 'other'
    counts[name] = (counts[name] ?? 0) + 1
  }
}

/** The summary for people. */
export function summaryText(summary: ImportSummary): string {
  const rows: readonly (readonly [string, number])[] = summary.dryRun
    ? [
        ['read', summary.read],
        ['would be sent', summary.mapped],
        ['rejected', summary.rejected],
        ['without key', summary.withoutKey],
      ]
    : [
        ['read', summary.read],
        ['stored', summary.stored],
        ['repeated', summary.repeated],
        ['rejected', summary.rejected],
        ['lost', summary.lost],
        ['without key', summary.withoutKey],
      ]
  const counts = rows.map(([name, count]) => `  ${name.padEnd(14)} ${count.toLocaleString('en-US').padStart(10)}`)
  const further =
    summary.furtherEvents > 0 ? [`  and ${summary.furtherEvents} events of keys that these records made, changed or removed`] : []
  const fields = summary.dryRun
    ? ['', 'Mapped fields', ...fieldRows(summary.fields.mapped), '', 'Unmapped fields', ...fieldRows(summary.fields.unmapped)]
    : []
  return [...counts, ...further, ...fields].join('\n')
}

function fieldRows(counts: Readonly<Record<string, number>>): readonly string[] {
  const rows = Object.entries(counts).toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  return rows.map(([path, count]) => `  ${path.padEnd(48)} ${count.toLocaleString('en-US').padStart(10)}`)
}
