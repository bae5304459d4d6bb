import type { Severity } from '../api/findings.ts'
import { t } from '../format/strings.ts'
import styles from './severity.module.css'

/** How grave something is: the word, its shape and its colour say the same. */
export function SeverityMark({ of }: { readonly of: Severity }) {
  return (
    <span className={styles['mark']} data-severity={of}>
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" focusable="false">
        <path d={SEVERITY_SHAPES[of]} />
      </svg>
      {t.severity[of]}
    </span>
  )
}

/** In a square of 14: the graver, the more it fills and the sharper it stands. */
export const SEVERITY_SHAPES = {
  info: 'M7 4.500a2.500 2.500 0 1 1 0 5a2.500 2.500 0 1 1 0-5z',
  low: 'M2 4.500h10L7 12z',
  medium: 'M7 1.500 12.500 7 7 12.500 1.500 7z',
  high: 'M7 1.500 13 12.500H1z',
  critical: 'M4.300.500h5.400l3.800 3.800v5.400l-3.800 3.800H4.300L.500 9.700V4.300z',
} as const satisfies Record<Severity, string>
