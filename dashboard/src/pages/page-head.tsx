import { type ReactNode, useEffect } from 'react'
import { t } from '../format/strings.ts'
import { LiveSwitch } from '../parts/live-switch.tsx'
import { TimeControl } from '../parts/time-control.tsx'
import styles from './page-head.module.css'
import { usePageWindow } from './window.tsx'

/** The title of a page with its time control. It stays in sight while the page scrolls. */
export function PageHead({ title, heading = title, hasTime = false }: PageHeadProps) {
  const page = usePageWindow()
  useEffect(() => {
    document.title = `${title} · ${t.product}`
  }, [title])
  return (
    <div className={styles['head']}>
      <h1 className={styles['title']}>{heading}</h1>
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

interface PageHeadProps {
  readonly title: string
  /** What stands on the page where it is more than the title. */
  readonly heading?: ReactNode
  readonly hasTime?: boolean
}
