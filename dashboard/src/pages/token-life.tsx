import { Link } from '@tanstack/react-router'
import type { Finding } from '../api/findings.ts'
import type { Answer, EventView } from '../api/types.ts'
import type { TokenWithFamily } from '../api/tokens.ts'
import { t } from '../format/strings.ts'
import { Panel } from '../parts/panel.tsx'
import { SEVERITY_SHAPES, SeverityMark } from '../parts/severity.tsx'
import { Empty } from '../parts/states.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './token.module.css'
import { useAsk } from './use-ask.ts'
import { useSomeFindings } from './use-findings.ts'

/** A change is in the store about a second after it was made. */
const REFRESH_MS = 10_000

/** What happened to the token, but for its single validations. */
export function LifePanel({ token, className }: { readonly token: TokenWithFamily; readonly className: string | undefined }) {
  const query = useAsk('token-life-line', { token: token.id }, true, REFRESH_MS)
  const found = useSomeFindings({ token: token.id })
  const findings = found ?? []
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
          <Band token={token} answer={found ? withoutFindings(answer) : answer} findings={findings} />
          <ol className={styles['life']}>
            {steps(found ? withoutFindings(answer).rows : answer.rows, findings).map((step) =>
              'event' in step ? (
                <Step key={step.event.id} event={step.event} />
              ) : (
                <FoundStep key={step.finding.id} finding={step.finding} />
              ),
            )}
          </ol>
        </>
      )}
    </Panel>
  )
}

type LifeStep = { readonly at: number } & ({ readonly event: EventView } | { readonly finding: Finding })

/** What happened to it and what was found about it, in order. A finding stands for the events that tell of it. */
function steps(events: readonly EventView[], findings: readonly Finding[]): readonly LifeStep[] {
  return [
    ...events.map((event) => ({ at: event.at, event })),
    ...findings.map((finding) => ({ at: Date.parse(finding.detectedAt), finding })),
  ].toSorted((a, b) => a.at - b.at)
}

function withoutFindings(answer: Answer<EventView>): Answer<EventView> {
  return { ...answer, rows: answer.rows.filter(({ type }) => !type.startsWith('finding.')) }
}

function FoundStep({ finding }: { readonly finding: Finding }) {
  const time = useTimeFormat()
  return (
    <li data-tone="found" data-severity={finding.severity}>
      <span>
        <SeverityMark of={finding.severity} />{' '}
        <Link to="/findings/$id" params={{ id: finding.id }}>
          {finding.sentence}
        </Link>
      </span>
      <time dateTime={finding.detectedAt}>{time.stamp(Date.parse(finding.detectedAt))}</time>
    </li>
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

interface BandProps {
  readonly token: TokenWithFamily
  readonly answer: Answer<EventView>
  readonly findings: readonly Finding[]
}

/** Its life on one line: issued at the left, its expiry or now at the right, a mark for each step. The list below says the same. */
function Band({ token, answer, findings }: BandProps) {
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
      {findings.map(({ id, detectedAt, severity }) => (
        <svg key={id} x={x(Date.parse(detectedAt))} y="15" overflow="visible" data-severity={severity}>
          <path className={styles['found']} d={SEVERITY_SHAPES[severity]} transform="translate(-7,-7)" />
        </svg>
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
