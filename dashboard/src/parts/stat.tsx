import type { ReactNode } from 'react'
import styles from './stat.module.css'

/** One figure: its name, its value, how it changed, and what it is made of. */
export function Stat({ name, value, title, change, notes, hint }: StatProps) {
  return (
    <div className={styles['stat']} title={hint}>
      <dt className={styles['name']}>{name}</dt>
      <dd className={styles['value']}>
        <span title={title}>{value}</span>
        {change && (
          <span className={styles['change']} data-tone={change.tone}>
            {change.text}
            <span className={styles['hidden']}> {change.meaning}</span>
          </span>
        )}
      </dd>
      {notes.map((note, index) => (
        <dd key={index} className={styles['note']}>
          {note}
        </dd>
      ))}
    </div>
  )
}

export interface StatChange {
  readonly text: string
  readonly meaning: string
  readonly tone?: 'good' | 'bad' | undefined
}

interface StatProps {
  readonly name: string
  readonly value: ReactNode
  readonly title?: string | undefined
  readonly hint?: string
  readonly change?: StatChange | undefined
  readonly notes: readonly ReactNode[]
}
