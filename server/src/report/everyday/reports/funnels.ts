import type { Answer } from '../../../query/answer.ts'
import type { FunnelRow } from '../../../query/rows.ts'
import { FIGURE_COLUMNS, figure } from '../figures.ts'
import type { Asked, Report, Row, Section } from '../report.ts'

const ASKS = ['/v1/questions/single-use-funnel'] as const
const SAYS = 'Of the tokens issued in the window, what became of them as known now. A stage that nobody reports is 0 here.'

async function* stages({ get, window }: Asked, kind: 'action' | 'validation', succeeded: string): AsyncIterable<Row> {
  const { rows } = await get<Answer<FunnelRow>>(ASKS[0], { ...window, kind })
  const [row] = rows
  const of = row?.issued ?? null
  yield figure('Issued', row?.issued)
  yield figure('Sent', row?.sent, 'count', { of })
  yield figure('Not delivered', row?.undelivered, 'count', { of })
  yield figure('Attempted', row?.attempted, 'count', { of })
  yield figure(succeeded, row?.succeeded, 'count', { of })
  yield figure('Expired unused', row?.expired, 'count', { of })
  yield figure('Unused, of issued', ratio(row?.expired, row?.issued), 'share', { of })
  yield figure('Locked after too many attempts', row?.locked, 'count', { of })
  yield figure('Replays', row?.replays)
  const per = ratio(row?.replays, row?.succeeded)
  yield figure('Replays per 1,000 that succeeded', per === null ? null : Math.round(per * 10_000) / 10)
}

function ratio(part: number | undefined, whole: number | undefined): number | null {
  return part === undefined || whole === undefined || whole === 0 ? null : part / whole
}

const FUNNEL = {
  name: 'funnel',
  title: 'From issue to use',
  says: SAYS,
  asks: ASKS,
  as: 'figures',
  columns: FIGURE_COLUMNS,
  rows: (asked) => stages(asked, 'action', 'Consumed'),
} as const satisfies Section

const DELIVERY = {
  name: 'delivery',
  title: 'From sending to verification',
  says: SAYS,
  asks: ASKS,
  as: 'figures',
  columns: FIGURE_COLUMNS,
  rows: (asked) => stages(asked, 'validation', 'Verified'),
} as const satisfies Section

/** Are action tokens used, and used once? */
export const actionTokenFunnel = {
  reader: 'developer',
  title: 'Action tokens',
  answers: 'Are action tokens used, and used once?',
  days: 28,
  params: {},
  sections: [FUNNEL],
} as const satisfies Report

/** Do validation tokens arrive, and are they verified? */
export const validationTokenDelivery = {
  reader: 'developer',
  title: 'Validation tokens',
  answers: 'Do validation tokens arrive, and are they verified?',
  days: 28,
  params: {},
  sections: [DELIVERY],
} as const satisfies Report
