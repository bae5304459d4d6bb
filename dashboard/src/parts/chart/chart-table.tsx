import { t } from '../../format/strings.ts'
import { useTimeFormat } from '../time-format.tsx'
import styles from './chart.module.css'
import { type ChartSpec, sums } from './spec.ts'

/** The same numbers as the picture, newest first. Buckets without anything are left out. */
export function ChartTable({ spec, height }: { readonly spec: ChartSpec; readonly height: number }) {
  const time = useTimeFormat()
  const totals = sums(spec.series, spec.at.length)
  const rows = spec.at.map((at, index) => ({ at, index })).filter(({ index }) => (totals[index] ?? 0) > 0)
  return (
    <div className={styles['tableBox']} style={{ height }} tabIndex={0} role="group" aria-label={spec.name}>
      <table className={styles['table']}>
        <thead>
          <tr>
            <th scope="col">{t.chart.time}</th>
            {spec.series.map(({ key, label }) => (
              <th key={key} scope="col">
                {label}
              </th>
            ))}
            {spec.form === 'stack' && <th scope="col">{t.chart.total}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.toReversed().map(({ at, index }) => (
            <tr key={at}>
              <th scope="row">{time.bucket(at, spec.step)}</th>
              {spec.series.map(({ key, values }) => (
                <td key={key}>{values[index] === null ? '–' : spec.format(values[index] ?? 0)}</td>
              ))}
              {spec.form === 'stack' && <td>{spec.format(totals[index] ?? 0)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
