import { FIGURE_COLUMNS, figure, shareFigure } from './figures.ts'
import { itemsOf } from './lists.ts'
import { type Asked, type Columns, type Row, type Section, timeOf } from './report.ts'
import type { TokenMetrics } from '../../metrics/token-metrics.ts'

/** A finding as `GET /v1/findings` gives it, as far as reports read it. */
interface ListedFinding {
  readonly id: string
  readonly detector: string
  readonly severity: string
  readonly confidence: string
  readonly state: string
  readonly verdict: string | null
  readonly sentence: string
  readonly evidenceCount: number
  readonly detectedAt: string
  readonly openedAt: string
  readonly changedAt: string
}

export const FINDING_COLUMNS = {
  detectedAt: { title: 'Detected', form: 'time' },
  severity: { title: 'Severity', form: 'text' },
  sentence: { title: 'What happened', form: 'text' },
  detector: { title: 'Detector', form: 'text' },
  confidence: { title: 'Confidence', form: 'text' },
  state: { title: 'State', form: 'text' },
  verdict: { title: 'Verdict', form: 'text' },
  evidence: { title: 'Events', form: 'count' },
  finding: { title: 'Finding', form: 'text' },
} as const satisfies Columns

/** A finding as a row. */
export function findingCells(finding: ListedFinding): Row {
  const { id, detector, severity, confidence, state, verdict, sentence, evidenceCount, detectedAt } = finding
  return {
    detectedAt: timeOf(detectedAt),
    severity,
    sentence,
    detector,
    confidence,
    state,
    verdict,
    evidence: evidenceCount,
    finding: id,
  }
}
export type { ListedFinding }

/** What was detected in the window. */
export const FINDINGS = {
  name: 'findings',
  title: 'Findings',
  says: 'What detectors found in the window, newest first, and what people said of it.',
  asks: ['/v1/findings'],
  columns: FINDING_COLUMNS,
  async *rows(asked) {
    for await (const finding of itemsOf<ListedFinding>(asked, '/v1/findings', { ...asked.window })) yield findingCells(finding)
  },
} as const satisfies Section

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const

/** How many findings, by how grave they are. */
export const FINDING_COUNTS = {
  name: 'finding-counts',
  title: 'Findings by severity',
  says: 'Of the window; open ones wait for somebody.',
  asks: ['/v1/findings/counts'],
  columns: {
    severity: { title: 'Severity', form: 'text' },
    findings: { title: 'Findings', form: 'count' },
    open: { title: 'Open', form: 'count' },
  },
  async *rows({ get, window }) {
    const { bySeverity, open } = await get<{
      readonly bySeverity: Readonly<Record<string, number>>
      readonly open: Readonly<Record<string, number>>
    }>('/v1/findings/counts', { ...window })
    for (const severity of SEVERITIES) {
      if (severity in bySeverity) yield { severity, findings: bySeverity[severity] ?? 0, open: open[severity] ?? 0 }
    }
  },
} as const satisfies Section

/** What a viewer is not told of the metrics is null. */
type SeenMetrics = Pick<TokenMetrics, 'notes'> & {
  readonly [Part in 'tokens' | 'tokenLifecycle' | 'securityEvents']: TokenMetrics[Part] | null
}

/** All metrics of a window, asked once. */
export function metricsIn(asked: Pick<Asked, 'get'>, window: Asked['window']): Promise<SeenMetrics> {
  return asked.get<SeenMetrics>('/v1/metrics/tokens', { ...window })
}

/** Attempts that findings cite. */
export const SUSPICIOUS = {
  name: 'suspicious',
  title: 'Suspicious attempts',
  says: 'Attempts that findings of medium confidence or more cite. Those that were accepted matter most.',
  asks: ['/v1/metrics/tokens'],
  as: 'figures',
  columns: FIGURE_COLUMNS,
  async *rows(asked) {
    const metrics = await metricsIn(asked, asked.window)
    const suspicious = metrics.securityEvents?.suspicious
    yield figure('Suspicious attempts', suspicious?.attempts)
    yield figure('Suspicious and accepted', suspicious?.succeeded)
    yield shareFigure('Of all attempts', suspicious?.share)
    yield figure('Tokens', suspicious?.tokens)
    yield figure('Networks', suspicious?.networks)
    yield shareFigure('Precision, by the verdicts of people', suspicious?.precision)
    yield figure('Uses after a revocation', metrics.tokenLifecycle?.revocation.acceptedAfterRevoke)
  },
} as const satisfies Section
