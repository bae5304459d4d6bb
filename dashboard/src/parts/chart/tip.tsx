import { t } from '../../format/strings.ts'
import { useTimeFormat } from '../time-format.tsx'
import { STEP_MS } from '../../format/window.ts'
import styles from './chart.module.css'
import { Swatch } from './legend.tsx'
import type { ChartSpec, Series } from './spec.ts'

/** The values under the cursor. The live region speaks them; this is for eyes. */
export function Tip({
  spec,
  shown,
  index,
  left,
  width,
}: {
  readonly spec: ChartSpec
  readonly shown: readonly Series[]
  readonly index: number
  readonly left: number
  readonly width: number
}) {
  const time = useTimeFormat()
  const at = spec.at[index] ?? 0
  const total = shown.reduce((sum, { values }) => sum + (values[index] ?? 0), 0)
  const side = left > width / 2 ? { right: width - left + 10 } : { left: left + 10 }
  return (
    <div className={styles['tip']} style={side} aria-hidden="true">
      <p className={styles['tipTime']}>
        {time.bucket(at, spec.step)}
        {at + STEP_MS[spec.step] > spec.completeTo && <em> {t.chart.until}</em>}
      </p>
      <table>
        <tbody>
          {shown.toReversed().map(({ key, label, values }) => (
            <tr key={key}>
              <th scope="row">
                <Swatch series={key} form={spec.form} /> {label}
              </th>
              <td>{values[index] === null ? '–' : spec.format(values[index] ?? 0)}</td>
            </tr>
          ))}
          {spec.form === 'stack' && shown.length > 1 && (
            <tr className={styles['tipTotal']}>
              <th scope="row">{t.chart.total}</th>
              <td>{spec.format(total)}</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  )
}
