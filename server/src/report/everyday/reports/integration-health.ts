import type { Answer } from '../../../query/answer.ts'
import type { LatencyRow, TopTokenRow } from '../../../query/rows.ts'
import { BY_REASON, BY_STEP, TOTALS } from '../common.ts'
import type { Report, Section } from '../report.ts'

const TOP = 50

const BY_SERVICE = {
  name: 'services',
  title: 'By service',
  says: 'Attempts with a known token at each service, and how many of those that were judged were accepted.',
  asks: ['/v1/metrics/series'],
  columns: {
    service: { title: 'Service', form: 'text' },
    attempts: { title: 'Judged attempts', form: 'count' },
    accepted: { title: 'Accepted', form: 'count' },
    rate: { title: 'Success rate', form: 'share' },
  },
  async *rows({ window, get }) {
    const { points } = await get<Series>('/v1/metrics/series', { ...window, metric: 'successRate', step: 'day', by: 'service' })
    const services = [...Map.groupBy(points, ({ key }) => key)].map(([service, alike]) => {
      const attempts = alike.reduce((sum, { denominator }) => sum + (denominator ?? 0), 0)
      const accepted = Math.round(alike.reduce((sum, { value, denominator }) => sum + value * (denominator ?? 0), 0))
      return { service, attempts, accepted, rate: attempts === 0 ? null : accepted / attempts }
    })
    yield* services.toSorted((a, b) => b.attempts - a.attempts || (a.service < b.service ? -1 : 1))
  },
} as const satisfies Section

interface Series {
  readonly points: readonly { readonly key: string; readonly value: number; readonly denominator: number | null }[]
}

const FAILING = {
  name: 'failing-tokens',
  title: 'Tokens that fail most',
  says: `At most ${TOP}. A token that fails often is wrong, over its time, or in the wrong hands: ask its owner first.`,
  asks: ['/v1/questions/top-tokens'],
  columns: {
    token: { title: 'Token', form: 'text' },
    name: { title: 'Name', form: 'text' },
    owner: { title: 'Owner', form: 'text' },
    state: { title: 'State', form: 'text' },
    failed: { title: 'Failed', form: 'count' },
    throttled: { title: 'Throttled', form: 'count' },
    accepted: { title: 'Accepted', form: 'count' },
    lastAt: { title: 'Last attempt', form: 'time' },
  },
  async *rows({ window, get }) {
    const { rows } = await get<Answer<TopTokenRow>>('/v1/questions/top-tokens', { ...window, measure: 'failed', limit: TOP })
    for (const { token, failed, throttled, accepted, lastAt } of rows)
      yield { token: token.id, name: token.name, owner: token.owner, state: token.state, failed, throttled, accepted, lastAt }
  },
} as const satisfies Section

const LATENCY = {
  name: 'latency',
  title: 'Latency by day',
  says: 'From the door to the verdict, of accepted attempts.',
  asks: ['/v1/questions/latency-by-step'],
  columns: {
    at: { title: 'From', form: 'time' },
    samples: { title: 'Measured', form: 'count' },
    p50: { title: 'Median', form: 'micros' },
    p95: { title: '95 %', form: 'micros' },
    p99: { title: '99 %', form: 'micros' },
  },
  async *rows({ window, get }) {
    const { rows } = await get<Answer<LatencyRow>>('/v1/questions/latency-by-step', { ...window, step: 'day' })
    for (const { at, count, p50Us, p95Us, p99Us } of rows) yield { at, samples: count, p50: p50Us, p95: p95Us, p99: p99Us }
  },
} as const satisfies Section

/** Is every integration well, and which is not? */
export const integrationHealth = {
  reader: 'developer',
  title: 'Integration health',
  answers: 'Are the integrations well, and which one is not?',
  days: 7,
  params: {},
  sections: [TOTALS, BY_STEP, BY_REASON, BY_SERVICE, FAILING, LATENCY],
} as const satisfies Report
