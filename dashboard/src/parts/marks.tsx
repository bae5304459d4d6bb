import type { ReasonClass, TokenState } from '../api/types.ts'
import { t } from '../format/strings.ts'
import styles from './marks.module.css'

/** A verdict in a word with its mark: shape and colour say the same. */
export function ClassMark({ of, text }: { readonly of: ReasonClass; readonly text?: string }) {
  return (
    <span className={styles['mark']} data-class={of}>
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" focusable="false">
        <path d={SHAPES[of]} />
      </svg>
      {text ?? t.class[of]}
    </span>
  )
}

/** The state of a token in a word. */
export function StateMark({ of }: { readonly of: TokenState }) {
  return (
    <span className={styles['state']} data-tone={TONES[of]}>
      {t.state[of]}
    </span>
  )
}

const SHAPES = {
  accepted: 'M5 1a4 4 0 1 1 0 8a4 4 0 1 1 0-8z',
  invalid:
    'M1.2 2.600 2.600 1.200 5 3.600 7.400 1.200 8.800 2.600 6.400 5 8.800 7.400 7.400 8.800 5 6.400 2.600 8.800 1.200 7.400 3.600 5z',
  forbidden: 'M5 .6 9.400 5 5 9.400 .6 5z',
  throttled: 'M5 1 9.500 9h-9z',
  unavailable: 'M1 1h8v8h-8z',
} satisfies Record<ReasonClass, string>

const TONES = {
  active: 'good',
  in_grace: 'warn',
  suspended: 'warn',
  not_yet_valid: 'warn',
  consumed: 'over',
  revoked: 'bad',
  superseded: 'over',
  locked: 'bad',
  exhausted: 'over',
  expired: 'over',
} satisfies Record<TokenState, string>
