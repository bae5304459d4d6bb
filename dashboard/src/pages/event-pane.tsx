import { Link, useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Dialog, Heading } from 'react-aria-components/Dialog'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import type { EventView, TokenRef } from '../api/types.ts'
import { count, microseconds } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { duration, type TimeFormat } from '../format/time.ts'
import { DAY } from '../format/window.ts'
import { Button } from '../parts/button.tsx'
import { CopyButton } from '../parts/copy.tsx'
import dialogStyles from '../parts/dialog.module.css'
import { Icon } from '../parts/icon.tsx'
import { ClassMark } from '../parts/marks.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './event-pane.module.css'
import { EVENT_FILTERS, type EventFilter } from './search.ts'
import { TokenName } from './token-name.tsx'
import { useAsk } from './use-ask.ts'
import { usePageWindow } from './window.tsx'

/** One event with everything that is known of it. It has its own address, so it can be passed on. */
export function EventPane({ rows, open }: { readonly rows: readonly EventView[]; readonly open: string | undefined }) {
  const navigate = useNavigate()
  const show = (id: string | undefined) =>
    void navigate({ to: '/events', search: (search) => ({ ...search, event: id }), resetScroll: false })
  const index = rows.findIndex(({ id }) => id === open)
  return (
    <ModalOverlay
      className={dialogStyles['drawerOverlay']}
      isOpen={open !== undefined}
      isDismissable
      onOpenChange={(isOpen) => !isOpen && show(undefined)}
    >
      <Modal className={dialogStyles['drawer']}>
        <Dialog className={styles['pane']} aria-label={t.events.detail}>
          <div className={styles['head']}>
            <Heading slot="title">{t.events.detail}</Heading>
            <span className={styles['space']} />
            <Button look="icon" aria-label={t.events.previous} isDisabled={index <= 0} onPress={() => show(rows[index - 1]?.id)}>
              <Icon name="up" />
            </Button>
            <Button
              look="icon"
              aria-label={t.events.next}
              isDisabled={index === -1 || index >= rows.length - 1}
              onPress={() => show(rows[index + 1]?.id)}
            >
              <Icon name="down" />
            </Button>
            <Button look="icon" aria-label={t.events.close} onPress={() => show(undefined)}>
              <Icon name="close" />
            </Button>
          </div>
          {open !== undefined && <Found id={open} row={rows[index]} />}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/** The row of the list, or, when the address leads to an event that is not in the list, the event by its id. */
function Found({ id, row }: { readonly id: string; readonly row: EventView | undefined }) {
  const { window } = usePageWindow()
  const asked = useAsk('events-page', { from: window.from - 400 * DAY, to: window.to, id, limit: 1 }, row === undefined)
  const event = row ?? asked.data?.rows[0]
  if (event) return <Details event={event} />
  if (asked.error) return <Failed error={asked.error} onRetry={() => void asked.refetch()} />
  return asked.data ? <Empty title={t.events.empty} /> : <Loading height={200} />
}

function Details({ event }: { readonly event: EventView }) {
  const time = useTimeFormat()
  const reasonTexts: Readonly<Record<string, string | undefined>> = t.reason
  return (
    <>
      <p className={styles['verdict']}>
        {event.class ? <ClassMark of={event.class} text={`${t.class[event.class]}: ${event.reason ?? ''}`} /> : event.type}
      </p>
      {event.reason && reasonTexts[event.reason] && <p className={styles['why']}>{reasonTexts[event.reason]}.</p>}
      <dl className={styles['facts']}>
        {factsOf(event, time).map(([name, value, filter]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <span>{value}</span>
              {filter && <OnlyThis name={filter.name} value={filter.value} />}
            </dd>
          </div>
        ))}
      </dl>
      {event.detail && (
        <pre className={styles['detail']} tabIndex={0} aria-label={t.event.detail}>
          {JSON.stringify(event.detail, null, 2)}
        </pre>
      )}
    </>
  )
}

type Fact = readonly [name: string, value: ReactNode, filter?: { readonly name: EventFilter; readonly value: string }]

/** Facts that have a value, in the order that questions come: what, when, who, where, how. */
function factsOf(event: EventView, time: TimeFormat): readonly Fact[] {
  const filtered = (label: string, name: EventFilter, value: string | undefined): Fact => [
    label,
    value && <code>{value}</code>,
    value ? { name, value } : undefined,
  ]
  const request = [event.method, event.route].filter(Boolean).join(' ')
  const place = [
    event.network && <code key="network">{event.network}</code>,
    event.country,
    event.asn && `AS${event.asn}`,
  ].filter(Boolean)
  const facts: readonly Fact[] = [
    [t.event.at, `${time.stamp(event.at)} ${time.zoneName}`],
    [t.events.received, event.receivedAt === event.at ? undefined : t.events.delay(duration(event.receivedAt - event.at))],
    filtered(t.event.type, 'type', event.type),
    [t.event.token, event.token && <TokenFact token={event.token} />, event.token && { name: 'token', value: event.token.id }],
    [t.event.claimed, event.claimed && <TokenFact token={event.claimed} />],
    [t.event.fingerprint, event.fingerprint && <code>{event.fingerprint}</code>],
    [t.event.owner, event.owner],
    filtered(t.event.service, 'service', event.service),
    [t.event.environment, event.environment],
    [t.event.request, request && <code>{request}</code>, event.route ? { name: 'route', value: event.route } : undefined],
    [t.event.scope, event.scope],
    [t.event.action, event.action],
    [
      t.event.network,
      place.length > 0 && place.flatMap((part, index) => (index === 0 ? [part] : [' · ', part])),
      event.network ? { name: 'network', value: event.network } : undefined,
    ],
    filtered(t.event.client, 'client', event.client),
    filtered(t.event.requestId, 'requestId', event.requestId),
    [t.event.duration, event.durationUs !== undefined && microseconds(event.durationUs)],
    [t.event.cache, event.cache],
    [t.event.limit, event.limit],
    [t.event.endedBy, event.endedBy && <EventLink id={event.endedBy} />],
    [t.event.sinceEnd, event.sinceEndMs !== undefined && duration(event.sinceEndMs)],
    [t.event.count, event.count > 1 && t.events.times(count(event.count))],
    [t.event.flags, event.flags.join(', ')],
    [
      t.event.id,
      <span key="id">
        <code>{event.id}</code> <CopyButton text={event.id} name={t.event.id} />
      </span>,
    ],
  ]
  return facts.filter(([, value]) => Boolean(value))
}

function TokenFact({ token }: { readonly token: TokenRef }) {
  if (token.state === 'purged') return t.state.purged
  return (
    <>
      <TokenName token={token} /> · {t.kind[token.kind]} · {t.state[token.state]}
    </>
  )
}

function EventLink({ id }: { readonly id: string }) {
  return (
    <Link to="/events" search={(search) => ({ ...search, event: id })}>
      <code>{id}</code>
    </Link>
  )
}

/** Shows only events with this value: other filters fall, the window stays. */
function OnlyThis({ name, value }: { readonly name: EventFilter; readonly value: string }) {
  const navigate = useNavigate()
  const nothing = Object.fromEntries([...EVENT_FILTERS, 'event'].map((each) => [each, undefined]))
  return (
    <Button
      look="icon"
      aria-label={t.events.filterBy(t.events.names[name])}
      onPress={() => void navigate({ to: '/events', search: (search) => ({ ...search, ...nothing, [name]: value }) })}
    >
      <Icon name="filter" />
    </Button>
  )
}
