import { t } from '../format/strings.ts'
import styles from './logo.module.css'

/** The mark and the name. */
export function Logo() {
  return (
    <span className={styles['logo']}>
      <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect className={styles['ground']} width="32" height="32" rx="7" />
        <path className={styles['trail']} d="M7 22h4l4-12 4 9 2-4h4" />
      </svg>
      {t.product}
    </span>
  )
}
