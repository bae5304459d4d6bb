import type { Answer, Share, TotalsRow } from '../api/types.ts'
import { change, count, microseconds, percent, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { previousWindow } from '../format/window.ts'
import { Stat, type StatChange } from '../parts/stat.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import styles from './overview.module.css'
import { useAsk } from './use-ask.ts'
import { usePageWindow } from './window.tsx'

/** Rates and quantiles of fewer validations than this are not compared. */
const CASES_MIN = 20

/** The figures of the window, each beside the window before. */
export function Figures() {
  const { window } = usePageWindow()
  const now = useAsk('totals', window)
  const before = useAsk('totals', previousWindow(window)).data?.rows[0]
  if (now.error && !now.data) return <Failed error={now.error} onRetry={() => void now.refetch()} />
  if (!now.data) return <Loading height={96} />
  const [row] = now.data.rows
  return row ? <Row row={row} before={before} answer={now.data} /> : null
}

function Row({
  row,
  before,
  answer,
}: {
  readonly row: TotalsRow
  readonly before: TotalsRow | undefined
  readonly answer: Answer<TotalsRow>
}) {
  const failed = failedOf(row)
  const measured = before && before.attempts >= CASES_MIN ? before : undefined
  return (
    <dl className={styles['figures']} aria-label={t.overview.figures}>
      <Stat
        name={t.overview.validations}
        value={short(row.attempts)}
        title={count(row.attempts)}
        change={moved(row.attempts, before?.attempts)}
        notes={[t.overview.networks(short(row.networks)), t.overview.fromNobody(short(row.unattributed))]}
      />
      <Stat
        name={t.overview.successRate}
        hint={t.overview.successHint}
        value={row.successRate ? percent(row.successRate.value) : '–'}
        notes={[t.overview.ofKnown, row.successRate && interval(row.successRate)]}
      />
      <Stat
        name={t.overview.failureRate}
        hint={t.overview.failureHint}
        value={failureRate(row) === undefined ? '–' : percent(failureRate(row) ?? 0)}
        change={moved(failureRate(row) ?? 0, measured && failureRate(measured), 'less', 0)}
        notes={[t.overview.failedOf(short(failed), short(failed + row.accepted)), t.overview.ofAll]}
      />
      <Stat
        name={t.overview.throttled}
        hint={t.overview.throttledHint}
        value={short(row.throttled)}
        title={count(row.throttled)}
        change={moved(row.throttled, before?.throttled, 'less')}
        notes={[t.overview.noFailure, t.overview.unavailable(short(row.unavailable))]}
      />
      <Stat
        name={t.overview.activeTokens}
        hint={`${t.overview.activeHint}; ${row.uniques || answer.method}`}
        value={short(row.activeTokens)}
        title={count(row.activeTokens)}
        change={moved(row.activeTokens, before?.activeTokens)}
        notes={[row.uniques.startsWith('exact') ? t.overview.exact : t.overview.estimated]}
      />
      <Stat
        name={t.overview.latency}
        hint={t.overview.latencyHint}
        value={row.latency ? microseconds(row.latency.p95Us) : '–'}
        change={moved(row.latency?.p95Us ?? 0, measured?.latency?.p95Us, 'less', 0)}
        notes={[row.latency && `p50 ${microseconds(row.latency.p50Us)}`, row.latency && `p99 ${microseconds(row.latency.p99Us)}`]}
      />
    </dl>
  )
}

function failedOf(row: TotalsRow): number {
  return row.invalid + row.forbidden
}

/** Throttled and unavailable are no failures: a retry loop or our outage is no bad credential. */
function failureRate(row: TotalsRow): number | undefined {
  const judged = row.accepted + failedOf(row)
  return judged === 0 ? undefined : failedOf(row) / judged
}

function interval({ low, high }: Share): string {
  return t.overview.interval(percent(low), percent(high))
}

function moved(now: number, before: number | undefined, better?: 'less', casesMin?: number): StatChange | undefined {
  const text = before === undefined ? undefined : change(now, before, casesMin)
  if (text === undefined || before === undefined) return undefined
  const tone = better === undefined || now === before ? undefined : now < before ? 'good' : 'bad'
  return { text, meaning: t.overview.before, tone }
}
