import type { Rate } from '../../../query/answer.ts'
import { TOTALS } from '../common.ts'
import { FIGURE_COLUMNS, figure, shareFigure } from '../figures.ts'
import { metricsIn, SUSPICIOUS } from '../found.ts'
import type { Report, Row, Section } from '../report.ts'

const STOCK = {
  name: 'stock',
  title: 'Tokens',
  says: 'Start + came − ended is the end. Where it does not close, it says so.',
  asks: ['/v1/metrics/tokens'],
  as: 'figures',
  columns: FIGURE_COLUMNS,
  async *rows(asked) {
    const { tokens } = await metricsIn(asked, asked.window)
    yield figure('Active at the start', tokens?.from.active)
    yield figure('Issued', tokens?.issued)
    yield figure('Imported', tokens?.imported)
    yield figure('First seen at a watched verifier', tokens?.observed)
    for (const [cause, count] of Object.entries(tokens?.endings ?? {}).toSorted(byCause)) yield figure(`Ended: ${cause}`, count)
    yield figure('Active at the end', tokens?.to.active)
    yield figure('The sum closes', tokens?.closes, 'flag')
    yield figure('Owners of active tokens', tokens?.to.owners)
    yield figure('Expire within 30 days', tokens?.to.expiringIn30d)
    yield figure('Never expire', tokens?.to.neverExpiring)
    yield figure('Never used', tokens?.to.neverUsed)
    yield figure('Idle for over 90 days', tokens?.to.idleOver90d)
  },
} as const satisfies Section

const LIFECYCLE = {
  name: 'lifecycle',
  title: 'Lives of access tokens',
  says: 'Lifespan by survival: tokens that still live are counted as such. Revocations are no rotations. Intervals are 95 %.',
  asks: ['/v1/metrics/tokens'],
  as: 'figures',
  columns: FIGURE_COLUMNS,
  async *rows(asked) {
    const { tokenLifecycle } = await metricsIn(asked, asked.window)
    const { lifespan, revocation } = tokenLifecycle ?? {}
    yield figure('Lifespan, restricted mean', lifespan?.restrictedMean?.value, 'duration', lifespan?.restrictedMean ?? {})
    yield figure('Lifespan, median', lifespan?.median.value, 'duration', lifespan?.median)
    yield figure('Lives at risk', lifespan?.atRisk)
    yield shareFigure('Revoked, of exposed', revocation?.shareOfExposed)
    yield rateFigure('Revoked per 1,000 token days', revocation?.per1000TokenDays)
    yield figure('Revocation in force, median', revocation?.latency?.p50, 'duration')
    yield figure('Accepted after a revocation', revocation?.acceptedAfterRevoke)
    yield figure('Attempts after the end of a token', revocation?.useAfterEnd.count)
    yield figure('Tokens that somebody still holds', revocation?.useAfterEnd.tokens)
  },
} as const satisfies Section

function byCause([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}

function rateFigure(name: string, rate: Rate | null | undefined): Row {
  return figure(name, rate?.value, 'count', { low: rate?.low ?? null, high: rate?.high ?? null, of: null })
}

const NOTES = {
  name: 'notes',
  title: 'How to read these figures',
  says: 'What makes a figure of this window weak.',
  asks: ['/v1/metrics/tokens'],
  columns: { note: { title: 'Note', form: 'text' } },
  async *rows(asked) {
    for (const { text } of (await metricsIn(asked, asked.window)).notes) yield { note: text }
  },
} as const satisfies Section

/** The token metrics of a window, with intervals. */
export const tokenMetrics = {
  reader: 'everyone',
  title: 'Token metrics',
  answers: 'How many tokens are there, how long do they live, and how are they used?',
  days: 30,
  params: {},
  sections: [STOCK, TOTALS, LIFECYCLE, SUSPICIOUS, NOTES],
} as const satisfies Report
