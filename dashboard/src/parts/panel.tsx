import { useId, type ReactNode } from 'react'
import type { UseQueryResult } from '@tanstack/react-query'
import type { Answer } from '../api/types.ts'
import { t } from '../format/strings.ts'
import { About } from './about.tsx'
import styles from './panel.module.css'
import { Failed, Loading } from './states.tsx'

/** A titled box with one question's answer, in one of its four states: loading, failed, empty or full. */
export function Panel<Row>({ title, hint, actions, query, height = 120, empty, flush, children, className }: PanelProps<Row>) {
  const id = useId()
  const { data, error, isFetching, refetch } = query
  return (
    <section
      className={[styles['panel'], flush && styles['flush'], className].filter(Boolean).join(' ')}
      aria-labelledby={id}
      aria-busy={!data && !error}
    >
      <header className={styles['head']}>
        <h2 id={id}>{title}</h2>
        {hint && <span className={styles['hint']}>{hint}</span>}
        <span className={styles['space']} />
        {data && isFetching && query.isPlaceholderData && <span className={styles['updating']}>{t.states.updating}</span>}
        {actions}
        {data && <About title={title} answer={data} />}
      </header>
      <div className={styles['body']}>{bodyOf()}</div>
    </section>
  )

  function bodyOf(): ReactNode {
    if (data) return data.rows.length === 0 && empty ? empty : children(data)
    if (error) return <Failed error={error} onRetry={() => void refetch()} height={height} />
    return <Loading height={height} />
  }
}

interface PanelProps<Row> {
  readonly title: string
  readonly hint?: string | undefined
  readonly actions?: ReactNode
  readonly query: UseQueryResult<Answer<Row>>
  /** Least height of the body, so that nothing jumps when the answer comes. */
  readonly height?: number
  readonly empty?: ReactNode
  /** Without padding, for tables that reach the edges. */
  readonly flush?: boolean
  readonly children: (answer: Answer<Row>) => ReactNode
  readonly className?: string | undefined
}
