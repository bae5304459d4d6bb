import { Link } from '@tanstack/react-router'
import { Fragment } from 'react'
import type { FindingDetail } from '../api/findings.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { fixedWindow, MINUTE } from '../format/window.ts'
import { Box } from '../parts/box.tsx'
import { ClassMark } from '../parts/marks.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './finding.module.css'
import { useAsk } from './use-ask.ts'

/** So many events are shown with what happened; the others are there by id. */
const SHOWN = 6
const DAY = 86_400_000

/** The events that it rests on, each leading to the events explorer. */
export function EvidenceBox({ finding }: { readonly finding: FindingDetail }) {
  const { evidence, evidenceCount } = finding
  const rest = evidence.slice(SHOWN)
  return (
    <Box
      title={t.finding.evidence}
      hint={evidence.length > 0 ? t.finding.evidenceHint(count(evidence.length), count(evidenceCount)) : undefined}
      actions={<Explorer finding={finding} />}
    >
      {evidence.length === 0 && <p className={styles['quiet']}>{t.finding.noEvidence}</p>}
      <ol className={styles['evidence']}>
        {evidence.slice(0, SHOWN).map((id) => (
          <EventLine key={id} id={id} finding={finding} />
        ))}
      </ol>
      {rest.length > 0 && (
        <details className={styles['rest']}>
          <summary>{t.finding.moreIds(count(rest.length))}</summary>
          <p>
            {rest.map((id) => (
              <Fragment key={id}>
                <EventLink id={id} finding={finding} />{' '}
              </Fragment>
            ))}
          </p>
        </details>
      )}
    </Box>
  )
}

/** Evidence may lie some time before the span: the first use of a token that was replayed. */
function windowAround({ from, to }: FindingDetail) {
  return { from: Date.parse(from) - 60 * DAY, to: Date.parse(to) + DAY }
}

function EventLine({ id, finding }: { readonly id: string; readonly finding: FindingDetail }) {
  const time = useTimeFormat()
  const { data } = useAsk('events-page', { ...windowAround(finding), id, limit: 1 })
  const event = data?.rows[0]
  const request = event && [event.service, event.method, event.route ?? event.action].filter(Boolean).join(' ')
  const place = event && [event.network, event.country, event.client].filter(Boolean).join(' · ')
  return (
    <li>
      <EventLink id={id} finding={finding} text={event && time.stamp(event.at)} />
      <span>
        {event?.class ? (
          <ClassMark of={event.class} text={event.reason ?? t.class[event.class]} />
        ) : (
          (event?.type ?? (data ? t.finding.gone : '…'))
        )}
      </span>
      <span className={styles['quiet']}>{[request, place].filter(Boolean).join(' · ')}</span>
    </li>
  )
}

function EventLink({
  id,
  finding,
  text = id,
}: {
  readonly id: string
  readonly finding: FindingDetail
  readonly text?: string | undefined
}) {
  return (
    <Link to="/events" search={(search) => ({ ...search, ...explorerWindow(finding), event: id })} title={id}>
      {text === id ? <code>{id}</code> : text}
    </Link>
  )
}

/** The events of its time and of what it is about. */
function Explorer({ finding }: { readonly finding: FindingDetail }) {
  const { subject } = finding
  const narrowed =
    subject.kind === 'token' ? { token: subject.token?.id } : subject.kind === 'source' ? { network: subject.name } : {}
  return (
    <Link to="/events" search={(search) => ({ ...search, ...explorerWindow(finding), ...narrowed })} className={styles['action']}>
      {t.finding.inExplorer}
    </Link>
  )
}

function explorerWindow({ from, to }: FindingDetail) {
  const [start, end] = [Date.parse(from), Date.parse(to)]
  return fixedWindow({ from: start - 5 * MINUTE, to: end + 5 * MINUTE })
}
