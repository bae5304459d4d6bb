import { useId } from 'react'
import { t } from '../../format/strings.ts'
import styles from './chart.module.css'
import { PATTERNS, Patterns, patternId } from './patterns.tsx'
import type { ChartSpec, Series } from './spec.ts'

/** Names the series and switches them on and off. The last one stays. */
export function Legend({ series, hidden, onChange, form }: LegendProps) {
  if (series.length < 2) return <span />
  const toggle = (key: string) => {
    const next = new Set(hidden)
    if (!next.delete(key)) next.add(key)
    if (next.size < series.length) onChange(next)
  }
  return (
    <div className={styles['legend']} role="group" aria-label={t.chart.legend}>
      {series.map(({ key, label }) => (
        <button key={key} type="button" className={styles['entry']} aria-pressed={!hidden.has(key)} onClick={() => toggle(key)}>
          <Swatch series={key} form={form} />
          {label}
        </button>
      ))}
    </div>
  )
}

interface LegendProps {
  readonly series: readonly Series[]
  readonly hidden: ReadonlySet<string>
  readonly onChange: (hidden: ReadonlySet<string>) => void
  readonly form: ChartSpec['form']
}

/** The mark of a series: its colour with its texture or dash. */
export function Swatch({ series, form }: { readonly series: string; readonly form: ChartSpec['form'] }) {
  const id = useId()
  return (
    <svg className={styles['swatch']} width="14" height="12" aria-hidden="true" focusable="false" data-series={series}>
      {form === 'lines' ? (
        <path className={styles['line']} d="M0,6h14" />
      ) : (
        <>
          <Patterns prefix={id} />
          <rect className={styles['bar']} x="1" width="12" height="12" rx="2" />
          {PATTERNS.has(series) && (
            <rect className={styles['texture']} x="1" width="12" height="12" rx="2" fill={`url(#${patternId(id, series)})`} />
          )}
        </>
      )}
    </svg>
  )
}
