import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { type RefObject, useEffect, useRef } from 'react'
import { t } from '../format/strings.ts'
import { Icon } from '../parts/icon.tsx'
import { useLive } from '../parts/live.tsx'
import { Logo } from '../parts/logo.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { OpenBadge } from '../pages/open-badge.tsx'
import { useSession } from '../pages/session.ts'
import { SignInHere } from '../pages/sign-in.tsx'
import { WindowProvider } from '../pages/window.tsx'
import { Account } from './account.tsx'
import { FindBox } from './find-box.tsx'
import styles from './shell.module.css'
import { Shortcuts } from './shortcuts.tsx'

const SCREENS = [
  { to: '/', icon: 'overview', text: t.nav.overview },
  { to: '/findings', icon: 'findings', text: t.nav.findings },
  { to: '/tokens', icon: 'tokens', text: t.nav.tokens },
  { to: '/events', icon: 'events', text: t.nav.events },
  { to: '/audit', icon: 'audit', text: t.nav.audit },
  { to: '/reports', icon: 'table', text: t.nav.reports },
  { to: '/settings', icon: 'settings', text: t.nav.settings },
] as const

/** The frame of every screen, once somebody is signed in. */
export function Shell() {
  const { data: session, error, refetch } = useSession()
  const wasIn = useRef(false)
  const live = useLive()
  const isIn = Boolean(session)
  useEffect(() => {
    if (!isIn) return
    wasIn.current = true
    live.start()
    return live.stop
  }, [isIn, live])

  if (session) return <Frame />
  if (session === null) return <SignInHere hasEnded={wasIn.current} />
  return (
    <main className={styles['alone']}>
      {error ? <Failed error={error} onRetry={() => void refetch()} /> : <Loading height={200} />}
    </main>
  )
}

function Frame() {
  const content = useRef<HTMLElement>(null)
  useFocusOnNewPage(content)
  return (
    <WindowProvider>
      <a className={styles['skip']} href="#content">
        {t.skip}
      </a>
      <div className={styles['shell']}>
        <header className={styles['side']}>
          <div className={styles['pinned']}>
            <Link to="/" className={styles['home']}>
              <Logo />
            </Link>
            <nav aria-label={t.nav.label}>
              <ul className={styles['nav']}>
                {SCREENS.map(({ to, icon, text }) => (
                  <li key={to}>
                    <Link to={to} activeOptions={{ exact: to === '/', includeSearch: false }} className={styles['link']}>
                      <Icon name={icon} />
                      {text}
                      {to === '/findings' && <OpenBadge />}
                    </Link>
                  </li>
                ))}
              </ul>
            </nav>
            <div className={styles['foot']}>
              <FindBox />
              <Shortcuts />
              <Account />
            </div>
          </div>
        </header>
        <main ref={content} id="content" className={styles['content']} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </WindowProvider>
  )
}

/** After a change of page the keyboard and the reader aloud start at its content, as after a load. */
function useFocusOnNewPage(content: RefObject<HTMLElement | null>): void {
  const { pathname } = useLocation()
  const last = useRef(pathname)
  useEffect(() => {
    if (last.current === pathname) return
    last.current = pathname
    content.current?.focus({ preventScroll: true })
  }, [pathname, content])
}
