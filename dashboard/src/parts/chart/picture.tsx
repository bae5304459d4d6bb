import { useId } from 'react'
import { SEVERITY_SHAPES } from '../severity.tsx'
import styles from './chart.module.css'
import { PATTERNS, Patterns, patternId } from './patterns.tsx'
import { MARGIN, type Plot } from './plot.ts'
import type { ChartSpec } from './spec.ts'
import type { Size } from './use-size.ts'
import type { Cursor } from './use-cursor.ts'

/** The drawing itself. What it says is said elsewhere in words, so readers aloud skip it. */
export function Picture({
  spec,
  plot,
  cursor,
  size,
}: {
  readonly spec: ChartSpec
  readonly plot: Plot
  readonly cursor: Cursor
  readonly size: Size
}) {
  const id = useId()
  return (
    <svg className={styles['svg']} width={size.width} height={size.height} aria-hidden="true" focusable="false">
      <Patterns prefix={id} />
      <g transform={`translate(${MARGIN.left},${MARGIN.top})`}>
        {plot.yTicks.map(({ y, text }) => (
          <g key={text} transform={`translate(0,${y})`}>
            <line className={styles['grid']} x2={plot.width} />
            <text className={styles['tick']} x={-8} dy="0.32em" textAnchor="end">
              {text}
            </text>
          </g>
        ))}
        {plot.xTicks.map(({ x, text }) => (
          <text
            key={x}
            className={styles['tick']}
            x={x}
            y={plot.height + 16}
            textAnchor={x < 16 ? 'start' : x > plot.width - 16 ? 'end' : 'middle'}
          >
            {text}
          </text>
        ))}
        {plot.marks.map(({ key, path }) => (
          <g key={key} data-series={key}>
            <path className={spec.form === 'stack' ? styles['bar'] : styles['line']} d={path} />
            {spec.form === 'stack' && PATTERNS.has(key) && (
              <path className={styles['texture']} d={path} fill={`url(#${patternId(id, key)})`} />
            )}
          </g>
        ))}
        {plot.open && <rect className={styles['open']} x={plot.open.x} width={plot.open.width} height={plot.height} />}
        {cursor.range && (
          <rect
            className={styles['range']}
            x={plot.x(cursor.range[0])}
            width={plot.x(cursor.range[1] + 1) - plot.x(cursor.range[0])}
            height={plot.height}
          />
        )}
        {cursor.index !== undefined && !cursor.range && (
          <rect
            className={styles['cursor']}
            x={plot.x(cursor.index)}
            width={Math.max(1, plot.bucketWidth)}
            height={plot.height}
          />
        )}
        {plot.flags.map(({ x, severity }) => (
          <g key={x} data-severity={severity} transform={`translate(${x},0)`}>
            <line className={styles['flagLine']} y1={6} y2={plot.height} />
            <path className={styles['flag']} d={SEVERITY_SHAPES[severity]} transform="translate(-7,-8)" />
          </g>
        ))}
        <line className={styles['axis']} x2={plot.width} y1={plot.height} y2={plot.height} />
      </g>
    </svg>
  )
}
