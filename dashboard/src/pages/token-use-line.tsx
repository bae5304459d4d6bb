import type { Token } from '../api/tokens.ts'
import { t } from '../format/strings.ts'
import { ago } from '../format/time.ts'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './token.module.css'
import { useLastUsed } from './use-last-used.ts'

/** The first thing everybody asks: when was it last used? */
export function TokenUseLine({ token }: { readonly token: Token }) {
  const time = useTimeFormat()
  const row = useLastUsed([token]).get(token.id)
  if (!row) return <p className={styles['used']}>{t.states.loading}</p>
  if (row.lastAcceptedAt === null) return <p className={styles['used']}>{t.token.neverUsed}</p>
  const now = Math.max(Date.now(), row.lastAcceptedAt)
  return (
    <p className={styles['used']}>
      {t.token.lastUsed} <b title={time.stamp(row.lastAcceptedAt)}>{ago(row.lastAcceptedAt, now)}</b> (
      {time.short(row.lastAcceptedAt)}).
    </p>
  )
}
