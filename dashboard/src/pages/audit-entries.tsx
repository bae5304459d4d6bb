import { useNavigate, useSearch } from '@tanstack/react-router'
import { TYPES } from 'tokentrail'
import { useEffect, useMemo } from 'react'
import type { LogEntry } from '../api/audit.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import type { TimeFormat } from '../format/time.ts'
import { LongList } from '../parts/long-list.tsx'
import { Select } from '../parts/select.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import type { Column } from '../parts/table.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { AuditEntryPane } from './audit-entry-pane.tsx'
import columnStyles from './event-columns.module.css'
import type { AuditSearch } from './search.ts'
import listStyles from './tokens.module.css'
import { useLogEntries } from './use-audit.ts'
import { usePageWindow } from './window.tsx'

/** Entries that exist in the log alone. */
const LOG_TYPES = ['log.batch', 'log.heartbeat', 'log.opened', 'log.closed', 'log.recovered'] as const
const OWN_TYPES = Object.entries(TYPES).flatMap(([name, { class: promise }]) => (promise === 'critical' ? [name] : []))

/** The type that leaves it open. */
const ANY_TYPE = 'any'

function kindOf(type: string | undefined): { readonly type?: string; readonly only?: 'deeds' } {
  if (type === undefined) return { only: 'deeds' }
  return type === ANY_TYPE ? {} : { type }
}

/** The tenant's entries, newest first, by type and time; each opens with its exact bytes. */
export function AuditEntries({ onShown }: { readonly onShown: (entries: readonly LogEntry[]) => void }) {
  const { type, entry }: AuditSearch = useSearch({ strict: false })
  const navigate = useNavigate()
  const { text, window } = usePageWindow()
  const filter = useMemo(() => ({ ...kindOf(type), from: iso(window.from), to: iso(window.to) }), [type, text.from, text.to])
  const query = useLogEntries(filter)
  const rows = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data])
  useEffect(() => onShown(rows), [rows, onShown])
  const show = (change: AuditSearch) =>
    void navigate({ to: '/audit', search: (search) => ({ ...search, ...change }), resetScroll: false })
  return (
    <>
      <div className={listStyles['filters']}>
        <Select
          label={t.audit.filter}
          value={type ?? ''}
          items={[
            { key: '', text: t.audit.deeds },
            { key: ANY_TYPE, text: t.audit.anyType },
            ...[...LOG_TYPES, ...OWN_TYPES].map((name) => ({ key: name, text: name })),
          ]}
          onChange={(key) => show({ type: key === '' ? undefined : key })}
          isFilter
        />
      </div>
      <section className={listStyles['list']} aria-label={t.audit.entries} aria-busy={query.isPending}>
        <List rows={rows} query={query} open={entry} onOpen={(id) => show({ entry: id })} />
      </section>
      <AuditEntryPane entry={rows.find((row) => idOf(row) === entry)} onClose={() => show({ entry: undefined })} />
    </>
  )
}

interface ListProps {
  readonly rows: readonly LogEntry[]
  readonly query: ReturnType<typeof useLogEntries>
  readonly open: string | undefined
  readonly onOpen: (id: string) => void
}

function List({ rows, query, open, onOpen }: ListProps) {
  const time = useTimeFormat()
  const columns = useMemo(() => columnsOf(time, onOpen), [time, onOpen])
  if (query.error && !query.data) return <Failed error={query.error} onRetry={() => void query.refetch()} height={240} />
  if (query.isPending) return <Loading height={240} />
  if (rows.length === 0) return <Empty title={t.audit.empty} height={160} />
  return (
    <LongList
      label={t.audit.entries}
      columns={columns}
      rows={rows}
      keyOf={idOf}
      isOpen={(row) => idOf(row) === open}
      onOpen={(row) => onOpen(idOf(row))}
      hasMore={query.hasNextPage}
      isLoading={query.isFetchingNextPage}
      onMore={() => void query.fetchNextPage()}
      note={query.hasNextPage ? t.tokens.loadedMore(count(rows.length)) : t.tokens.loaded(count(rows.length))}
    />
  )
}

function columnsOf(time: TimeFormat, onOpen: (id: string) => void): readonly Column<LogEntry>[] {
  return [
    {
      name: t.audit.columns.time,
      width: 1.4,
      cell: (row) => (
        <button type="button" className={columnStyles['open']} data-shortcut="row" onClick={() => onOpen(idOf(row))}>
          <time dateTime={textOf(row, 'at')}>{time.stamp(Date.parse(textOf(row, 'at')))}</time>
        </button>
      ),
    },
    { name: t.audit.columns.n, width: 0.7, isNumber: true, cell: (row) => count(Number(row.entry['n'] ?? 0)) },
    { name: t.audit.columns.type, width: 1.8, cell: (row) => textOf(row, 'type') },
    { name: t.audit.columns.outcome, width: 1.4, cell: outcomeOf },
    { name: t.audit.columns.shown, width: 3, cell: shownOf },
    { name: t.audit.columns.index, width: 0.8, isNumber: true, cell: ({ index }) => count(index) },
  ]
}

/** The address of an entry. */
export function idOf({ shard, index }: LogEntry): string {
  return `${shard}:${index}`
}

function textOf({ entry }: LogEntry, name: string): string {
  const value = entry[name]
  return typeof value === 'string' ? value : ''
}

function outcomeOf(row: LogEntry): string {
  return [textOf(row, 'outcome'), textOf(row, 'reason')].filter((word) => word !== '' && word !== 'none').join(' · ') || '–'
}

/** What everybody may see of an entry, in a line. */
function shownOf({ entry }: LogEntry): string {
  const shown = entry['shown']
  if (typeof shown !== 'object' || shown === null) return '–'
  const parts = Object.entries(shown).map(
    ([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  )
  return parts.join(', ') || '–'
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
