import type { Answer } from '../../query/answer.ts'
import type { ReasonRow, StepRow, TotalsRow } from '../../query/rows.ts'
import { FIGURE_COLUMNS, figure, shareFigure } from './figures.ts'
import type { Asked, Row, Section } from './report.ts'

const DAY_MS = 86_400_000
const REJECTED = ['invalid', 'forbidden', 'throttled', 'unavailable']

/** The window's figures. */
export const TOTALS = {
  name: 'totals',
  title: 'Validations',
  says: 'How many validations were asked for and how they ended. The success rate counts attempts with a known token; its interval is 95 %.',
  asks: ['/v1/questions/totals'],
  as: 'figures',
  columns: FIGURE_COLUMNS,
  async *rows(asked) {
    yield* totalFigures(await totalsIn(asked, asked.window))
  },
} as const satisfies Section

export async function totalsIn({ get }: Asked, window: Asked['window']): Promise<Partial<TotalsRow>> {
  const { rows } = await get<Answer<TotalsRow>>('/v1/questions/totals', { ...window })
  return rows[0] ?? {}
}

function* totalFigures(row: Partial<TotalsRow>): Iterable<Row> {
  yield figure('Attempts', row.attempts)
  yield figure('Accepted', row.accepted)
  yield figure('Rejected: the credential is no good', row.invalid)
  yield figure('Rejected: the request is not allowed', row.forbidden)
  yield figure('Rejected by a limit', row.throttled)
  yield figure('Rejected by a fault here', row.unavailable)
  yield shareFigure('Success rate', row.successRate)
  yield figure('Active tokens', row.activeTokens)
  yield figure('Attempts with no known token', row.unattributed)
  yield figure('Replays of used tokens', row.replays)
  yield figure('Latency, median', row.latency?.p50Us, 'micros')
  yield figure('Latency, 95 % are below', row.latency?.p95Us, 'micros')
  yield figure('Latency, 99 % are below', row.latency?.p99Us, 'micros')
}

/** Accepted and rejected by the day, or by the hour where the window is short. */
export const BY_STEP = {
  name: 'by-step',
  title: 'Over time',
  says: 'Accepted and rejected attempts. A step without attempts is left out.',
  asks: ['/v1/questions/validations-by-step'],
  as: 'steps',
  columns: {
    at: { title: 'From', form: 'time' },
    accepted: { title: 'Accepted', form: 'count' },
    rejected: { title: 'Rejected', form: 'count' },
  },
  async *rows({ window, get }) {
    const step = window.to - window.from > 2 * DAY_MS ? 'day' : 'hour'
    const { rows } = await get<Answer<StepRow>>('/v1/questions/validations-by-step', { ...window, step, by: 'class' })
    for (const [at, alike] of Map.groupBy(rows, (row) => row.at)) {
      const sum = (names: readonly string[]): number =>
        alike.filter(({ key }) => names.includes(key)).reduce((total, { count }) => total + count, 0)
      yield { at, accepted: sum(['accepted']), rejected: sum(REJECTED) }
    }
  },
} as const satisfies Section

/** Rejections by their exact reason. */
export const BY_REASON = {
  name: 'reasons',
  title: 'Rejections by reason',
  says: 'Why attempts were refused, the most frequent first.',
  asks: ['/v1/questions/rejections-by-reason'],
  columns: {
    reason: { title: 'Reason', form: 'text' },
    class: { title: 'Class', form: 'text' },
    attempts: { title: 'Attempts', form: 'count' },
    tokens: { title: 'Tokens', form: 'count' },
    networks: { title: 'Networks', form: 'count' },
  },
  async *rows({ window, get }) {
    const { rows } = await get<Answer<ReasonRow>>('/v1/questions/rejections-by-reason', { ...window })
    for (const row of rows)
      yield { reason: row.reason, class: row.class, attempts: row.count, tokens: row.tokens, networks: row.networks }
  },
} as const satisfies Section
