import { useQuery } from '@tanstack/react-query'
import { readFindingCounts } from '../api/findings.ts'
import { count, short } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { DAY } from '../format/window.ts'
import styles from './open-badge.module.css'
import { FINDINGS_KEY } from './use-findings.ts'

const REFRESH_MS = 30_000
const DAYS = 90

/** How many open findings are high or critical. Without any there is no badge. */
export function OpenBadge() {
  const { data } = useQuery({
    queryKey: [...FINDINGS_KEY, 'counts'],
    queryFn: ({ signal }) => readFindingCounts({ from: Date.now() - DAYS * DAY, to: Date.now() }, signal),
    refetchInterval: REFRESH_MS,
  })
  const { critical = 0, high = 0 } = data?.open ?? {}
  const open = critical + high
  if (open === 0) return null
  return (
    <span className={styles['badge']} data-severity={critical > 0 ? 'critical' : 'high'} title={t.findings.badge(count(open))}>
      {short(open)}
      <span className={styles['hidden']}> {t.findings.badge('').trim()}</span>
    </span>
  )
}
