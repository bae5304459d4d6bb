import type { EventView } from '../api/types.ts'
import { count, microseconds } from '../format/number.ts'
import { t } from '../format/strings.ts'
import type { TimeFormat } from '../format/time.ts'
import { ClassMark } from '../parts/marks.tsx'
import type { Column } from '../parts/table.tsx'
import styles from './event-columns.module.css'
import { TokenName } from './token-name.tsx'

/** The columns of a short list of events. */
export function eventColumns(time: TimeFormat): readonly Column<EventView>[] {
  return [
    { name: t.columns.time, width: 1.4, cell: ({ at }) => <Time at={at} time={time} /> },
    { name: t.columns.event, width: 2, cell: (event) => <EventWord event={event} /> },
    { name: t.columns.token, width: 2, cell: (event) => <Credential event={event} /> },
    {
      name: t.columns.what,
      width: 2.6,
      cell: ({ method, route, action, service }) => [service, method, route ?? action].filter(Boolean).join(' ') || '–',
    },
    { name: t.columns.where, width: 1.8, cell: (event) => <Place event={event} /> },
    { name: t.columns.client, width: 1.2, cell: ({ client }) => client ?? '–' },
    {
      name: t.event.duration,
      width: 1,
      isNumber: true,
      cell: ({ durationUs }) => (durationUs === undefined ? '' : microseconds(durationUs)),
    },
  ]
}

/** The columns of the long list, where the time opens the event. */
export function eventListColumns(time: TimeFormat, onOpen: (id: string) => void): readonly Column<EventView>[] {
  const [, ...rest] = eventColumns(time)
  return [
    {
      name: t.columns.time,
      width: 1.6,
      cell: ({ id, at }) => (
        <button type="button" className={styles['open']} onClick={() => onOpen(id)}>
          <time dateTime={new Date(at).toISOString()}>
            {time.short(at).slice(0, -5)}
            {time.clock(at)}
          </time>
        </button>
      ),
    },
    ...rest,
  ]
}

function Time({ at, time }: { readonly at: number; readonly time: TimeFormat }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={time.stamp(at)}>
      {time.clock(at)}
    </time>
  )
}

/** What happened in a word or two: the verdict with its reason, or the type of a fact. */
function EventWord({ event }: { readonly event: EventView }) {
  const times = event.count > 1 ? ` × ${count(event.count)}` : ''
  if (event.class) return <ClassMark of={event.class} text={`${event.reason ?? t.class[event.class]}${times}`} />
  return `${event.type}${times}`
}

/** The token, or what stands for a credential that belongs to nobody known. */
function Credential({ event: { token, claimed, fingerprint } }: { readonly event: EventView }) {
  if (token) return <TokenName token={token} />
  if (claimed) return <code title={t.event.claimed}>{claimed.id}?</code>
  return fingerprint ? <code title={`${t.event.fingerprint} ${fingerprint}`}>#{fingerprint.slice(0, 10)}</code> : '–'
}

function Place({ event: { network, country, asn } }: { readonly event: EventView }) {
  if (!network) return '–'
  const more = [country, asn ? `AS${asn}` : ''].filter(Boolean).join(' · ')
  return (
    <>
      <code title={network}>{network.slice(0, 8)}</code> {more}
    </>
  )
}
