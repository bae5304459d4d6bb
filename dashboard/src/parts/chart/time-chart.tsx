import { useId, useMemo, useState } from 'react'
import type { Window } from '../../api/types.ts'
import { t } from '../../format/strings.ts'
import { Button } from '../button.tsx'
import { Icon } from '../icon.tsx'
import { useTimeFormat } from '../time-format.tsx'
import { ChartTable } from './chart-table.tsx'
import styles from './chart.module.css'
import { Legend } from './legend.tsx'
import { MARGIN, plotOf } from './plot.ts'
import { type ChartSpec, summarise } from './spec.ts'
import { Picture } from './picture.tsx'
import { Tip } from './tip.tsx'
import { useCursor } from './use-cursor.ts'
import { useSize } from './use-size.ts'

/**
 * A chart over time: a picture with a data cursor, a sentence that says the same, and a table with the same numbers.
 * `onZoom` gets the range that was dragged, or selected with Shift and the arrow keys.
 */
export function TimeChart({
  spec,
  height = 200,
  onZoom,
}: {
  readonly spec: ChartSpec
  readonly height?: number
  readonly onZoom?: (window: Window) => void
}) {
  const time = useTimeFormat()
  const id = useId()
  const [frame, size] = useSize()
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const [asTable, setAsTable] = useState(false)
  const shown = useMemo(() => spec.series.filter(({ key }) => !hidden.has(key)), [spec, hidden])
  const plot = useMemo(() => plotOf(spec, shown, size, time), [spec, shown, size, time])
  const cursor = useCursor(spec, plot, onZoom)
  const summary = useMemo(() => summarise(spec, time), [spec, time])
  const spoken = cursor.spoken ? speech() : ''

  return (
    <figure className={styles['chart']} aria-label={spec.name} aria-describedby={id}>
      <p id={id} className={styles['hidden']}>
        {summary}
      </p>
      {asTable ? (
        <ChartTable spec={spec} height={height} />
      ) : (
        <div
          ref={frame}
          className={styles['frame']}
          style={{ minHeight: height }}
          tabIndex={0}
          role="application"
          aria-label={`${spec.name}. ${t.chart.cursorHelp}`}
          {...cursor.handlers}
        >
          {size.width > 0 && <Picture spec={spec} plot={plot} cursor={cursor} size={size} />}
          {cursor.index !== undefined && (
            <Tip
              spec={spec}
              shown={shown}
              index={cursor.index}
              left={MARGIN.left + plot.x(cursor.index) + plot.bucketWidth / 2}
              width={size.width}
            />
          )}
        </div>
      )}
      <div className={styles['foot']}>
        <Legend series={spec.series} hidden={hidden} onChange={setHidden} form={spec.form} />
        <Button look="quiet" className={styles['switch']} onPress={() => setAsTable(!asTable)}>
          <Icon name={asTable ? 'chart' : 'table'} />
          {asTable ? t.chart.asChart : t.chart.asTable}
        </Button>
      </div>
      <span className={styles['hidden']} aria-live="polite">
        {spoken}
      </span>
    </figure>
  )

  function speech(): string {
    if (cursor.index === undefined) return ''
    const name = (index: number) => time.bucket(spec.at[index] ?? 0, spec.step)
    if (cursor.range) return t.chart.selected(name(cursor.range[0]), name(cursor.range[1]))
    const index = cursor.index
    return [
      name(index),
      ...shown.map(({ label, values }) => `${label} ${values[index] === null ? '–' : spec.format(values[index] ?? 0)}`),
    ].join(', ')
  }
}
