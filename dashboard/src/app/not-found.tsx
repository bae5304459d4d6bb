import { Link } from '@tanstack/react-router'
import { t } from '../format/strings.ts'
import styles from './shell.module.css'

export function NotFound() {
  return (
    <main className={styles['alone']}>
      <h1>{t.notFound.title}</h1>
      <Link to="/">{t.notFound.back}</Link>
    </main>
  )
}
