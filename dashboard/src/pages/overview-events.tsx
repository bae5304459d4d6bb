import { Link } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import type { EventView } from '../api/types.ts'
import { t } from '../format/strings.ts'
import { useLiveEvents } from '../parts/live.tsx'
import { Panel } from '../parts/panel.tsx'
import { Empty } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { eventColumns } from './event-columns.tsx'
import styles from './overview.module.css'
import { useAsk } from './use-ask.ts'
import { usePageWindow } from './window.tsx'
import { isMoving } from '../format/window.ts'

const ROWS = 12

/** What has just happened; new events of the stream come in on top. */
export function NewestPanel({ className }: { readonly className?: string | undefined }) {
  const { window, text } = usePageWindow()
  const time = useTimeFormat()
  const query = useAsk('events-page', { ...window, limit: ROWS })
  const heard = useNewest(isMoving(text))
  const more = (
    <Link to="/events" className={styles['more']}>
      {t.overview.allEvents}
    </Link>
  )
  return (
    <Panel
      className={className}
      title={t.overview.newest}
      query={query}
      height={420}
      flush
      actions={more}
      empty={<Empty height={200} />}
    >
      {(answer) => (
        <Table label={t.overview.newest} columns={eventColumns(time)} rows={merge(heard, answer.rows)} keyOf={({ id }) => id} />
      )}
    </Panel>
  )
}

function useNewest(isOn: boolean): readonly EventView[] {
  const [events, setEvents] = useState<readonly EventView[]>([])
  useLiveEvents(useCallback((event: EventView) => setEvents((held) => [event, ...held].slice(0, ROWS)), []))
  return isOn ? events : []
}

function merge(heard: readonly EventView[], asked: readonly EventView[]): readonly EventView[] {
  const byId = new Map([...asked, ...heard].map((event) => [event.id, event]))
  return [...byId.values()].sort((a, b) => b.at - a.at).slice(0, ROWS)
}
