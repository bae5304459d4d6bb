import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { readReadings } from '../api/audit.ts'
import type { EventView } from '../api/types.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import type { TimeFormat } from '../format/time.ts'
import { useTimeFormat } from '../parts/time-format.tsx'
import { ListBox } from './list-box.tsx'
import { usePageWindow } from './window.tsx'

/** Who looked at what. */
export function AuditReaders() {
  const { window, text } = usePageWindow()
  const time = useTimeFormat()
  const query = useQuery({
    queryKey: ['audit', 'readings', text.from, text.to],
    queryFn: ({ signal }) => readReadings({ from: iso(window.from), to: iso(window.to) }, signal),
    placeholderData: keepPreviousData,
  })
  const columns = t.audit.readerColumns
  return (
    <ListBox
      title={t.audit.readers}
      hint={t.audit.readersHint}
      query={query}
      empty={t.audit.readersEmpty}
      keyOf={({ id }) => id}
      columns={[
        { name: columns.time, cell: ({ at }) => time.stamp(at) },
        { name: columns.who, cell: ({ owner }) => owner ?? '–' },
        { name: columns.what, cell: whatOf },
        { name: columns.about, cell: ({ detail }) => aboutOf(detail, time) },
      ]}
    />
  )
}

function whatOf({ type, reason, count: times }: EventView): string {
  return [type, reason && reason !== 'none' && `· ${reason}`, times > 1 && `× ${count(times)}`].filter(Boolean).join(' ')
}

/** What was looked at, as the event names it. */
function aboutOf(detail: EventView['detail'], time: TimeFormat): string {
  if (!detail) return '–'
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name} ${(isMoment(name, value) && time.stamp(Number(value))) || textOf(value)}`)
    .join(', ')
}

/** The bounds of what was read, where they were given in milliseconds. */
function isMoment(name: string, value: unknown): boolean {
  return (name === 'from' || name === 'to') && /^\d{12,}$/.test(String(value))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
