import type { ReactNode } from 'react'
import styles from './bar-list.module.css'

/** Rows with a bar behind each number; a table for readers aloud. */
export function BarList({
  label,
  head,
  items,
}: {
  readonly label: string
  readonly head: readonly [string, string]
  readonly items: readonly BarItem[]
}) {
  const most = Math.max(1, ...items.map(({ value }) => value))
  return (
    <table className={styles['list']} aria-label={label}>
      <thead className={styles['hidden']}>
        <tr>
          <th scope="col">{head[0]}</th>
          <th scope="col">{head[1]}</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ key, name, value, text, tone, title }) => (
          <tr key={key} title={title}>
            <th scope="row">
              {name}
              <span className={styles['track']}>
                <span
                  className={styles['bar']}
                  data-tone={tone}
                  style={{ width: `${value > 0 ? Math.max(0.5, (value / most) * 100) : 0}%` }}
                />
              </span>
            </th>
            <td>{text}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export interface BarItem {
  readonly key: string
  readonly name: ReactNode
  readonly value: number
  readonly text: ReactNode
  readonly tone?: string
  readonly title?: string
}
