import type { Answer, EventView } from '../api/types.ts'
import type { TokenWithFamily } from '../api/tokens.ts'
import { t } from '../format/strings.ts'
import { Panel } from '../parts/panel.tsx'
import { Empty } from '../parts/states.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './token.module.css'
import { useAsk } from './use-ask.ts'

/** A change is in the store about a second after it was made. */
const REFRESH_MS = 10_000

/** What happened to the token, but for its single validations. */
export function LifePanel({ token, className }: { readonly token: TokenWithFamily; readonly className: string | undefined }) {
  const query = useAsk('token-life-line', { token: token.id }, true, REFRESH_MS)
  return (
    <Panel
      className={className}
      title={t.token.lifeLine}
      query={query}
      height={200}
      empty={<Empty title={t.token.lifeNone} height={120} />}
    >
      {(answer) => (
        <>
          <Band token={token} answer={answer} />
          <ol className={styles['life']}>
            {answer.rows.map((event) => (
              <Step key={event.id} event={event} />
            ))}
          </ol>
        </>
      )}
    </Panel>
  )
}

function Step({ event }: { readonly event: EventView }) {
  const time = useTimeFormat()
  const how = [event.reason, event.actor].filter((word) => word && word !== 'none').join(' · ')
  return (
    <li data-tone={toneOf(event)}>
      <span>
        <b>{wordOf(event)}</b> {how}
      </span>
      <time dateTime={new Date(event.at).toISOString()}>{time.stamp(event.at)}</time>
      {event.detail && (
        <details>
          <summary>{t.event.detail}</summary>
          <pre tabIndex={0} aria-label={t.event.detail}>
            {JSON.stringify(event.detail, null, 1)}
          </pre>
        </details>
      )}
    </li>
  )
}

/** Its life on one line: issued at the left, its expiry or now at the right, a mark for each step. The list below says the same. */
function Band({ token, answer }: { readonly token: TokenWithFamily; readonly answer: Answer<EventView> }) {
  const first = answer.rows[0]?.at ?? 0
  const start = Math.min(first, Date.parse(token.issuedAt ?? token.knownSince ?? '') || first)
  const now = Math.max(answer.watermark, answer.rows.at(-1)?.at ?? 0)
  const [expires, ended] = [Date.parse(token.expiresAt ?? ''), Date.parse(token.endedAt ?? '')]
  const end = Math.max(now, expires || 0, start + 1)
  const x = (at: number) => `${2 + 96 * ((at - start) / (end - start))}%`
  return (
    <svg className={styles['band']} aria-hidden="true" focusable="false">
      <line className={styles['track']} x1={x(start)} x2={x(end)} y1="15" y2="15" />
      <line className={styles['lived']} x1={x(start)} x2={x(Math.min(ended || now, end))} y1="15" y2="15" />
      {answer.rows.map((event) => (
        <circle key={event.id} className={styles['dot']} data-tone={toneOf(event)} cx={x(event.at)} cy="15" r="5" />
      ))}
    </svg>
  )
}

const ENDINGS = new Set([
  'token.revoked',
  'token.locked',
  'token.suspended',
  'token.expired',
  'token.exhausted',
  'token.superseded',
])

function toneOf({ type }: EventView): 'bad' | undefined {
  return ENDINGS.has(type) ? 'bad' : undefined
}

/** `token.scopes_changed` as `scopes changed`. */
function wordOf({ type }: EventView): string {
  return type.replace(/^token\./, '').replaceAll(/[._]/g, ' ')
}
