import type { EventView } from '../api/types.ts'
import { microseconds } from '../format/number.ts'
import { t } from '../format/strings.ts'
import type { TimeFormat } from '../format/time.ts'
import { ClassMark } from '../parts/marks.tsx'
import type { Column } from '../parts/table.tsx'
import { TokenName } from './token-name.tsx'

/** The columns of a list of events. */
export function eventColumns(time: TimeFormat): readonly Column<EventView>[] {
  return [
    {
      name: t.columns.time,
      cell: ({ at }) => (
        <time dateTime={new Date(at).toISOString()} title={time.stamp(at)}>
          {time.clock(at)}
        </time>
      ),
    },
    { name: t.columns.event, cell: (event) => <EventWord event={event} /> },
    {
      name: t.columns.token,
      cell: ({ token, claimed, fingerprint }) =>
        token ? <TokenName token={token} /> : <code>{claimed ? `${claimed.id}?` : shorten(fingerprint)}</code>,
    },
    {
      name: t.columns.what,
      cell: ({ method, route, action, service }) => [service, method, route ?? action].filter(Boolean).join(' ') || '–',
    },
    {
      name: t.columns.where,
      cell: ({ network, country, asn }) => (
        <>
          {network ? <code>{network.slice(0, 8)}</code> : '–'} {[country, asn ? `AS${asn}` : ''].filter(Boolean).join(' · ')}
        </>
      ),
    },
    { name: t.columns.client, cell: ({ client }) => client || '–' },
    {
      name: t.event.duration,
      isNumber: true,
      cell: ({ durationUs }) => (durationUs === undefined ? '' : microseconds(durationUs)),
    },
  ]
}

/** What happened in a word or two: the verdict with its reason, or the type of a fact. */
export function EventWord({ event }: { readonly event: EventView }) {
  const times = event.count > 1 ? ` × ${event.count}` : ''
  if (event.class) return <ClassMark of={event.class} text={`${event.reason ?? t.class[event.class]}${times}`} />
  return (
    <span>
      {event.type}
      {times}
    </span>
  )
}

function shorten(fingerprint: string | undefined): string {
  return fingerprint ? `#${fingerprint.slice(0, 10)}` : '–'
}
