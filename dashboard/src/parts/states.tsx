import type { ReactNode } from 'react'
import { Problem } from '../api/http.ts'
import { t } from '../format/strings.ts'
import { Button } from './button.tsx'
import { CopyBlock } from './copy.tsx'
import styles from './states.module.css'

/** What a panel shows before its first answer: nothing for 200 ms, then a quiet skeleton of the final size. */
export function Loading({ height }: { readonly height: number }) {
  return (
    <div className={styles['loading']} style={{ minHeight: height }} role="status">
      <span className={styles['hidden']}>{t.states.loading}</span>
      <span className={styles['bar']} />
      <span className={styles['bar']} />
      <span className={styles['bar']} />
    </div>
  )
}

/** What a panel shows when the answer has no rows, with the next step where there is one. */
export function Empty({ title = t.states.emptyTitle, hint, command, height = 0, children }: EmptyProps) {
  return (
    <div className={styles['empty']} style={{ minHeight: height }}>
      <p className={styles['title']}>{title}</p>
      {hint && <p>{hint}</p>}
      {command && <CopyBlock text={command} />}
      {children}
    </div>
  )
}

interface EmptyProps {
  readonly title?: string
  readonly hint?: string
  readonly command?: string
  readonly height?: number
  readonly children?: ReactNode
}

/** What a panel shows when it could not be answered: the code, what happened, what to do. Other panels keep working. */
export function Failed({
  error,
  onRetry,
  height = 0,
}: {
  readonly error: unknown
  readonly onRetry?: () => void
  readonly height?: number
}) {
  const problem =
    error instanceof Problem ? error : new Problem('broken', 0, error instanceof Error ? error.message : String(error))
  if (problem.status === 403) return <Empty title={t.states.notPermitted} height={height} />
  return (
    <div className={styles['failed']} style={{ minHeight: height }} role="alert">
      <p className={styles['title']}>
        {t.states.failed} <code>{problem.code}</code>
      </p>
      <p>{problem.message}</p>
      <p>{t.remedy[problem.code] ?? t.remedy['other']}</p>
      {problem.requestId && (
        <p className={styles['small']}>
          {t.states.requestId} <code>{problem.requestId}</code>
        </p>
      )}
      {onRetry && <Button onPress={onRetry}>{t.states.retry}</Button>}
    </div>
  )
}
