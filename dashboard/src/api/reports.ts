import { request, requestFile } from './http.ts'

/** A report of the catalogue. */
export interface ReportKind {
  readonly name: string
  readonly reader: string
  readonly title: string
  readonly answers: string
  /** Length of its own window in days, or the last whole month. */
  readonly days: number | 'month'
  readonly params: readonly {
    readonly name: string
    readonly what: string
    readonly needed: boolean
    readonly default?: string | number
  }[]
  readonly forms: readonly ReportForm[]
}

/** A form that a report can be had in. */
export interface ReportForm {
  readonly name: string
  readonly what: string
}

/** Every report, with the forms that it can be had in. */
export async function readReports(signal: AbortSignal): Promise<readonly ReportKind[]> {
  const { items, formats } = await request<{
    readonly items: readonly Omit<ReportKind, 'forms'>[]
    readonly formats: readonly ReportForm[]
  }>('/v1/reports', { signal })
  return items.map((item) => ({ ...item, forms: formats }))
}

/** Makes a report and gives its file. */
export function makeReport(name: string, body: object): Promise<{ readonly name: string; readonly content: Blob }> {
  return requestFile(`/v1/reports/${encodeURIComponent(name)}`, { method: 'POST', body })
}
