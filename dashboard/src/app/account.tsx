import { useState } from 'react'
import { Button as AriaButton } from 'react-aria-components/Button'
import { Dialog, DialogTrigger } from 'react-aria-components/Dialog'
import { Popover } from 'react-aria-components/Popover'
import { t } from '../format/strings.ts'
import { Button } from '../parts/button.tsx'
import { Icon } from '../parts/icon.tsx'
import { Segments } from '../parts/segments.tsx'
import { useSession, useSignOut } from '../pages/session.ts'
import styles from './account.module.css'
import { applyTheme, readTheme, type Theme } from './theme.ts'

/** Who is signed in, the theme, and the way out. */
export function Account() {
  const principal = useSession().data?.principal
  const { mutate } = useSignOut()
  const [theme, setTheme] = useState<Theme>(readTheme)
  const choose = (next: Theme) => {
    applyTheme(next)
    setTheme(next)
  }
  if (!principal) return null
  return (
    <DialogTrigger>
      <AriaButton className={styles['button']}>
        <Icon name="user" />
        <span className={styles['name']}>{principal.name ?? principal.role}</span>
      </AriaButton>
      <Popover className={styles['popover']} placement="top start">
        <Dialog className={styles['dialog']} aria-label={t.account.label}>
          <dl className={styles['facts']}>
            <div>
              <dt>{t.account.role}</dt>
              <dd>{principal.role}</dd>
            </div>
            <div>
              <dt>{t.account.tenant}</dt>
              <dd>{principal.tenant}</dd>
            </div>
          </dl>
          <Segments
            label={t.theme.label}
            items={[
              { key: 'system', text: t.theme.system },
              { key: 'light', text: t.theme.light },
              { key: 'dark', text: t.theme.dark },
            ]}
            value={theme}
            onChange={choose}
          />
          <Button onPress={() => mutate()}>{t.account.signOut}</Button>
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}
