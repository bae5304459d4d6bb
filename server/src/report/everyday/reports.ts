import type { Window } from '../../query/answer.ts'
import type { Report } from './report.ts'
import { detectionQuality } from './reports/detection-quality.ts'
import { expiryForecast } from './reports/expiry-forecast.ts'
import { actionTokenFunnel, validationTokenDelivery } from './reports/funnels.ts'
import { hygiene } from './reports/hygiene.ts'
import { incident } from './reports/incident.ts'
import { integrationHealth } from './reports/integration-health.ts'
import { monthlySummary } from './reports/monthly-summary.ts'
import { rotationStatus } from './reports/rotation-status.ts'
import { securitySummary } from './reports/security-summary.ts'
import { tokenDossier } from './reports/token-dossier.ts'
import { tokenInventory } from './reports/token-inventory.ts'
import { tokenMetrics } from './reports/token-metrics.ts'

/** The catalogue of everyday reports. What auditors are given are evidence packs. */
export const REPORTS = {
  'monthly-summary': monthlySummary,
  'integration-health': integrationHealth,
  'token-inventory': tokenInventory,
  'rotation-status': rotationStatus,
  'expiry-forecast': expiryForecast,
  'action-token-funnel': actionTokenFunnel,
  'validation-token-delivery': validationTokenDelivery,
  'security-summary': securitySummary,
  'token-dossier': tokenDossier,
  incident,
  hygiene,
  'detection-quality': detectionQuality,
  'token-metrics': tokenMetrics,
} as const satisfies Record<string, Report>
export type ReportName = keyof typeof REPORTS
export const REPORT_NAMES = Object.keys(REPORTS) as ReportName[]

const DAY_MS = 86_400_000

/** The window of a report: what is given, else so many days back from its end or from now, or the last whole month in UTC. */
export function windowOf(
  { days }: Pick<Report, 'days'>,
  now: number,
  given: { readonly from?: number | undefined; readonly to?: number | undefined } = {},
): Window {
  if (days === 'month' && given.from === undefined && given.to === undefined) return monthBefore(now)
  const to = given.to ?? now
  return { from: given.from ?? Math.max(0, to - (days === 'month' ? MONTH_DAYS : days) * DAY_MS), to }
}

const MONTH_DAYS = 30

function monthBefore(now: number): Window {
  const date = new Date(now)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  return { from: Date.UTC(year, month - 1), to: Date.UTC(year, month) }
}
