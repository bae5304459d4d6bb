import { count, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import styles from './open-badge.module.css'
import { useOpenCounts } from './use-findings.ts'

/** How many open findings are high or critical. Without any there is no badge. */
export function OpenBadge() {
  const { critical, open } = useOpenCounts()
  if (open === 0) return null
  return (
    <span className={styles['badge']} data-severity={critical > 0 ? 'critical' : 'high'} title={t.findings.badge(count(open))}>
      {short(open)}
      <span className={styles['hidden']}> {t.findings.badge('').trim()}</span>
    </span>
  )
}
