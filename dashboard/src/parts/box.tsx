import { useId, type ReactNode } from 'react'
import styles from './panel.module.css'

/** A titled box of something that is there. What is still asked for stands in a `Panel`. */
export function Box({ title, hint, actions, children, className }: BoxProps) {
  const id = useId()
  return (
    <section className={[styles['panel'], className].join(' ')} aria-labelledby={id}>
      <header className={styles['head']}>
        <h2 id={id}>{title}</h2>
        {hint && <span className={styles['hint']}>{hint}</span>}
        <span className={styles['space']} />
        {actions}
      </header>
      <div className={styles['body']}>{children}</div>
    </section>
  )
}

interface BoxProps {
  readonly title: string
  readonly hint?: string | undefined
  readonly actions?: ReactNode
  readonly children: ReactNode
  readonly className?: string | undefined
}
