import type { Report } from './report.ts'
import { integrationHealth } from './reports/integration-health.ts'

/** The catalogue of everyday reports. What auditors are given are evidence packs. */
export const REPORTS = {
  'integration-health': integrationHealth,
} as const satisfies Record<string, Report>
export type ReportName = keyof typeof REPORTS
export const REPORT_NAMES = Object.keys(REPORTS) as ReportName[]

const DAY_MS = 86_400_000

/** The window of a report that was asked for without one: so many days back from now, or the last whole month in UTC. */
export function windowOf({ days }: Pick<Report, 'days'>, now: number): { readonly from: number; readonly to: number } {
  if (days !== 'month') return { from: Math.max(0, now - days * DAY_MS), to: now }
  const date = new Date(now)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  return { from: Date.UTC(year, month - 1), to: Date.UTC(year, month) }
}
