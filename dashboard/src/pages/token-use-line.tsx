import type { Token } from '../api/tokens.ts'
import { t } from '../format/strings.ts'
import { ago } from '../format/time.ts'
import { HOUR, isMoving } from '../format/window.ts'
import { Button } from '../parts/button.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './token.module.css'
import { useLastUsed } from './use-last-used.ts'
import { usePageWindow } from './window.tsx'

/** The first thing everybody asks: when was it last used? */
export function TokenUseLine({ token }: { readonly token: Token }) {
  const time = useTimeFormat()
  const page = usePageWindow()
  const row = useLastUsed([token]).get(token.id)
  if (!row) return <p className={styles['used']}>{t.states.loading}</p>
  if (row.lastAcceptedAt === null) return <p className={styles['used']}>{t.token.neverUsed}</p>
  const last = row.lastAcceptedAt
  const dayOfIt = () => page.zoom({ from: last - 12 * HOUR, to: last + 12 * HOUR })
  return (
    <p className={styles['used']}>
      {t.token.lastUsed} <b title={time.stamp(last)}>{ago(last, Math.max(Date.now(), last))}</b>, {time.short(last)}
      {(last < page.window.from || (last >= page.window.to && !isMoving(page.text))) && (
        <Button look="quiet" onPress={dayOfIt}>
          {t.token.showThatDay}
        </Button>
      )}
    </p>
  )
}
