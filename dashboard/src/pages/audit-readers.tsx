import { t } from '../format/strings.ts'
import { Empty } from '../parts/states.tsx'
import { Panel } from '../parts/panel.tsx'
import { Table } from '../parts/table.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import { useAsk } from './use-ask.ts'
import { usePageWindow } from './window.tsx'

const ROWS = 20
/** Views, exports, refused readings, reveals, and readings of this log. */
const LOOKED = ['report.viewed', 'report.exported', 'reading.rejected', 'pseudonym.revealed', 'audit.read'] as const

/** Who looked at what. */
export function AuditReaders() {
  const { window } = usePageWindow()
  const time = useTimeFormat()
  const query = useAsk('events-page', { ...window, type: LOOKED.join(','), limit: ROWS })
  return (
    <Panel
      title={t.audit.readers}
      hint={t.audit.readersHint}
      query={query}
      empty={<Empty title={t.audit.readersEmpty} height={80} />}
      flush
    >
      {({ rows }) => (
        <Table
          label={t.audit.readers}
          rows={rows}
          keyOf={({ id }) => id}
          columns={[
            { name: t.audit.readerColumns.time, cell: ({ at }) => time.stamp(at) },
            { name: t.audit.readerColumns.what, cell: ({ type, reason }) => [type, reason].filter(Boolean).join(' · ') },
            { name: t.audit.readerColumns.about, cell: ({ detail }) => (detail ? JSON.stringify(detail) : '–') },
          ]}
        />
      )}
    </Panel>
  )
}
