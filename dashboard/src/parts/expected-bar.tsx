import type { Measured } from '../api/findings.ts'
import { quantity } from '../format/number.ts'
import { t } from '../format/strings.ts'
import styles from './expected-bar.module.css'

type Expected = NonNullable<Measured['expected']>

/** What was seen against what was expected: a band for the interval, a line for its middle, a diamond for what was seen. */
export function ExpectedBar({ observed, expected }: { readonly observed: number; readonly expected: Expected }) {
  const [low, top] = [Math.min(0, observed, expected.low), Math.max(observed, expected.high, Number.MIN_VALUE)]
  const place = (value: number) => `${(94 * (value - low)) / (top - low)}%`
  const isOutside = observed < expected.low || observed > expected.high
  const words = t.finding.measuredText({
    observed: quantity(observed),
    expected: quantity(expected.value),
    low: quantity(expected.low),
    high: quantity(expected.high),
  })
  return (
    <figure className={styles['figure']}>
      <div className={styles['track']} aria-hidden="true">
        <span
          className={styles['band']}
          style={{ left: place(expected.low), width: `max(3px, ${(94 * (expected.high - expected.low)) / (top - low)}%)` }}
        />
        <span className={styles['middle']} style={{ left: place(expected.value) }} />
        <span className={styles['reach']} data-outside={isOutside} style={{ width: place(observed) }} />
        <span className={styles['seen']} data-outside={isOutside} style={{ left: place(observed) }} />
      </div>
      <figcaption>{words}</figcaption>
    </figure>
  )
}
