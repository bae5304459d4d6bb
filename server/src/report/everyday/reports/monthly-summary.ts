import type { Answer } from '../../../query/answer.ts'
import type { StepRow, TotalsRow } from '../../../query/rows.ts'
import { BY_STEP, totalsIn } from '../common.ts'
import type { Form } from '../cells.ts'
import { FINDING_COUNTS, metricsIn } from '../found.ts'
import type { Asked, Cell, Report, Row, Section } from '../report.ts'
import { countText, shareText } from 'tokentrail/verify'

/** The month before, or a window as long just before. */
function before({ from, to }: Asked['window']): Asked['window'] {
  const [start, end] = [new Date(from), new Date(to)]
  const isMonths = [start, end].every((at) => at.getUTCDate() === 1 && at.getTime() % 86_400_000 === 0)
  if (!isMonths) return { from: Math.max(0, from - (to - from)), to: from }
  const months = (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth()
  return { from: Date.UTC(start.getUTCFullYear(), start.getUTCMonth() - months), to: from }
}

/** A change from fewer is chance. */
const CHANGED_FROM = 20

function compared(figure: string, unit: Form, now: Cell | undefined, then: Cell | undefined): Row {
  const both = typeof now === 'number' && typeof then === 'number' && then >= CHANGED_FROM
  return { figure, value: now ?? null, before: then ?? null, unit, change: both ? (now - then) / then : null }
}

const HEADLINE = {
  name: 'headline',
  title: 'The figures',
  says: 'Beside the same length of time before. The success rate counts attempts with a known token.',
  asks: ['/v1/questions/totals', '/v1/metrics/tokens'],
  columns: {
    figure: { title: 'Figure', form: 'text' },
    value: { title: 'Now', form: 'figure' },
    before: { title: 'Before', form: 'figure' },
    change: { title: 'Change', form: 'change' },
    unit: { title: 'Unit', form: 'text', onlyInFiles: true },
  },
  async *rows(asked) {
    const earlier = before(asked.window)
    const [now, then, metrics, past] = await Promise.all([
      totalsIn(asked, asked.window),
      totalsIn(asked, earlier),
      metricsIn(asked, asked.window),
      metricsIn(asked, earlier),
    ])
    const failed = (row: Partial<TotalsRow>): number | null =>
      row.invalid === undefined ? null : row.invalid + (row.forbidden ?? 0)
    yield compared('Validations', 'count', now.attempts, then.attempts)
    yield compared('Success rate', 'share', now.successRate?.value, then.successRate?.value)
    yield compared('Refused', 'count', failed(now), failed(then))
    yield compared('Latency, 95 % are below', 'micros', now.latency?.p95Us, then.latency?.p95Us)
    yield compared('Active tokens', 'count', metrics.tokens?.to.active, past.tokens?.to.active)
    yield compared('Tokens issued', 'count', metrics.tokens?.issued, past.tokens?.issued)
    const suspicious = [metrics, past].map(({ securityEvents }) => securityEvents?.suspicious)
    yield compared('Suspicious and accepted', 'count', suspicious[0]?.succeeded, suspicious[1]?.succeeded)
    yield compared('Expire in the next 30 days', 'count', metrics.tokens?.to.expiringIn30d, past.tokens?.to.expiringIn30d)
  },
  words: (rows) => {
    const row = (name: string) => rows.find(({ figure }) => figure === name)
    const [attempts, rate] = [row('Validations'), row('Success rate')]
    if (typeof attempts?.value !== 'number' || typeof rate?.value !== 'number') return []
    const earlier = typeof rate.before === 'number' ? `, after ${shareText(rate.before)} before` : ''
    return [`${countText(attempts.value)} validations; ${shareText(rate.value)} of those with a known token succeeded${earlier}.`]
  },
} as const satisfies Section

const WEEKS = {
  ...BY_STEP,
  title: 'By week',
  says: 'Accepted and rejected attempts, from Monday in UTC. The first and the last week may be short.',
  async *rows({ window, get }: Asked) {
    const { rows } = await get<Answer<StepRow>>('/v1/questions/validations-by-step', { ...window, step: 'week', by: 'outcome' })
    for (const [at, alike] of Map.groupBy(rows, (row) => row.at)) {
      const count = (key: string): number => alike.find((row) => row.key === key)?.count ?? 0
      yield { at, accepted: count('accepted'), rejected: count('rejected') }
    }
  },
} as const satisfies Section

/** Last month on one page, for whoever has a minute. */
export const monthlySummary = {
  reader: 'everyone',
  title: 'Monthly summary',
  answers: 'How was last month, in one page?',
  days: 'month',
  params: {},
  sections: [HEADLINE, WEEKS, FINDING_COUNTS],
} as const satisfies Report
