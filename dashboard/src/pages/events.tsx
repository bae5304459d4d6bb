import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { EventsParams, EventView } from '../api/types.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { LongList } from '../parts/long-list.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { EventPane } from './event-pane.tsx'
import { eventListColumns } from './event-columns.tsx'
import { EventFilters } from './event-filters.tsx'
import { firstRequest } from './first-request.ts'
import { OutcomePanel } from './overview-charts.tsx'
import { PageHead } from './page-head.tsx'
import { EVENT_FILTERS, type EventsSearch } from './search.ts'
import { TailBar } from './tail-bar.tsx'
import listStyles from './tokens.module.css'
import { useEventPages } from './use-ask.ts'
import { useTail } from './use-tail.ts'
import { usePageWindow } from './window.tsx'

const PAGE_ROWS = 100

/** What happened, one by one: filtered by the address, newest first, with a pane for one and a tail for what comes. */
export function EventsPage() {
  const search: EventsSearch = useSearch({ strict: false })
  const filter = useMemo(
    () => Object.fromEntries(EVENT_FILTERS.flatMap((name) => (search[name] ? [[name, search[name]]] : []))),
    [JSON.stringify(search)],
  )
  const isTailing = search.tail === '1'
  const params = useFrozenWindow(filter)
  const query = useEventPages(params)
  const asked = useMemo(() => query.data?.pages.flatMap(({ rows }) => rows) ?? [], [query.data])
  const tail = useTail(filter, isTailing)
  const rows = useMemo(() => merged(tail.events, asked), [tail.events, asked])
  const canChart = Object.keys(filter).every((name) => name === 'token' || name === 'kind')
  return (
    <>
      <PageHead title={t.events.title} hasTime />
      <EventFilters filter={filter} />
      {canChart && !isTailing && <OutcomePanel {...filter} />}
      <TailBar tail={tail} isOn={isTailing} />
      <section className={listStyles['list']} aria-label={t.events.list} aria-busy={query.isPending}>
        <List rows={rows} query={query} />
      </section>
      <EventPane rows={rows} open={search.event} />
    </>
  )
}

/** The list stands still while it is read: its end is the moment when the filter or the window was chosen. */
function useFrozenWindow(filter: Readonly<Record<string, string>>): EventsParams {
  const { text, window } = usePageWindow()
  return useMemo(() => ({ ...window, ...filter, limit: PAGE_ROWS }), [text.from, text.to, filter])
}

function List({ rows, query }: { readonly rows: readonly EventView[]; readonly query: ReturnType<typeof useEventPages> }) {
  const time = useTimeFormat()
  const navigate = useNavigate()
  const { event: open }: EventsSearch = useSearch({ strict: false })
  const show = useCallback(
    (id: string) => void navigate({ to: '/events', search: (search) => ({ ...search, event: id }), resetScroll: false }),
    [navigate],
  )
  const columns = useMemo(() => eventListColumns(time, show), [time, show])
  if (query.error && !query.data) return <Failed error={query.error} onRetry={() => void query.refetch()} height={240} />
  if (query.isPending) return <Loading height={320} />
  if (rows.length === 0) return <Empty title={t.events.empty} hint={t.states.emptyHint} command={firstRequest()} height={240} />
  const note = query.hasNextPage ? t.tokens.loadedMore(count(rows.length)) : t.tokens.loaded(count(rows.length))
  return (
    <LongList
      label={t.events.list}
      columns={columns}
      rows={rows}
      keyOf={({ id }) => id}
      isOpen={({ id }) => id === open}
      onOpen={({ id }) => show(id)}
      hasMore={query.hasNextPage}
      isLoading={query.isFetchingNextPage}
      onMore={() => void query.fetchNextPage()}
      note={note}
    />
  )
}

function merged(tail: readonly EventView[], asked: readonly EventView[]): readonly EventView[] {
  if (tail.length === 0) return asked
  const known = new Set(tail.map(({ id }) => id))
  return [...tail, ...asked.filter(({ id }) => !known.has(id))]
}
