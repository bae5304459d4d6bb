import { Link } from '@tanstack/react-router'
import { t } from '../format/strings.ts'
import { Failed } from '../parts/states.tsx'
import styles from './shell.module.css'

/** An address without a page. */
export function NotFound() {
  return (
    <main className={styles['alone']}>
      <h1>{t.notFound.title}</h1>
      <Link to="/">{t.notFound.back}</Link>
    </main>
  )
}

/** A page that broke, or whose script is gone because the server was renewed. */
export function Broken({ error }: { readonly error: unknown }) {
  return (
    <main className={styles['alone']}>
      <h1>{t.broken.title}</h1>
      <p>{t.broken.text}</p>
      <Failed error={error} onRetry={() => location.reload()} />
    </main>
  )
}
