import type { ReactNode } from 'react'
import { t } from '../format/strings.ts'
import { LiveSwitch } from '../parts/live-switch.tsx'
import { TimeControl } from '../parts/time-control.tsx'
import styles from './page-head.module.css'
import { usePageWindow } from './window.tsx'

/** The title of a page with its time control. It stays in sight while the page scrolls. */
export function PageHead({
  title,
  hasTime = false,
  children,
}: {
  readonly title: ReactNode
  readonly hasTime?: boolean
  readonly children?: ReactNode
}) {
  const page = usePageWindow()
  return (
    <div className={styles['head']}>
      <h1 className={styles['title']}>{title}</h1>
      {children}
      <span className={styles['space']} />
      {hasTime && (
        <TimeControl text={page.text} window={page.window} zone={page.zone} onChange={page.show} onZone={page.showZone} />
      )}
      <LiveSwitch />
      {hasTime && page.isWrong && (
        <p className={styles['wrong']} role="alert">
          {t.time.invalid}
        </p>
      )}
    </div>
  )
}
