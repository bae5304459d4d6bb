import type { Answer } from '../api/types.ts'
import { count, percent } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { duration } from '../format/time.ts'
import { isMoving, LAG_MS_MAX } from '../format/window.ts'
import { useLiveState } from '../parts/live.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './trust-line.module.css'
import { useAsk } from './use-ask.ts'
import { usePageWindow } from './window.tsx'

/** Below this share of completeness the page says which part is missing. */
const COMPLETENESS_FLOOR = 0.9999

/** What viewers are not told, and by which rules. */
function WithheldLine({ withheld: { groupMin, until, rules } }: { readonly withheld: NonNullable<Answer<object>['withheld']> }) {
  const time = useTimeFormat()
  return (
    <div className={styles['line']} aria-label={t.trust.label} role="note">
      <span>{t.trust.groups(count(groupMin))}</span>
      {until !== null && (
        <span>
          {t.trust.until(time.stamp(until))} {time.zoneName}
        </span>
      )}
      {rules.map(({ rule, says }) => (
        <span key={rule}>{says}</span>
      ))}
    </div>
  )
}

/** How far and how completely the figures of this page are counted. */
export function TrustLine() {
  const { window, text } = usePageWindow()
  const time = useTimeFormat()
  const { data } = useAsk('totals', window)
  const { watermark: heard } = useLiveState()
  if (!data) return <p className={styles['line']}>{t.states.loading}</p>
  if (data.withheld) return <WithheldLine withheld={data.withheld} />
  const { value, missing, lost } = data.completeness
  const counted = Math.max(data.watermark, heard ?? 0)
  const behindMs = isMoving(text) ? window.to - counted : 0
  const lossText = Object.entries(lost).map(([reason, n]) => `${reason} ${count(n)}`)
  return (
    <>
      <p className={styles['line']} aria-label={t.trust.label}>
        <span>{value === null ? t.trust.nothing : t.trust.complete(percent(value))}</span>
        <span>
          {t.trust.until(time.stamp(counted))} {time.zoneName}
        </span>
        {behindMs > LAG_MS_MAX && <strong>{t.trust.behind(duration(behindMs))}</strong>}
        {data.lateEvents > 0 && <span>{t.trust.late(count(data.lateEvents))}</span>}
      </p>
      {value !== null && value < COMPLETENESS_FLOOR && (
        <p className={styles['banner']} role="status">
          {t.trust.partial(percent(value), count(missing))} {lossText.length > 0 && `${t.trust.lost}: ${lossText.join(', ')}.`}
        </p>
      )}
    </>
  )
}
