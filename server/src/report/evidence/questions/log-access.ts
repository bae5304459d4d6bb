import { EVENT_TABLES } from 'tokentrail/verify'
import { EVENT_COLUMNS, eventsOf, typesOf, type EvidenceEvent } from '../events-of.ts'
import type { EvidenceQuestion } from '../question.ts'

const READING = typesOf(...EVENT_TABLES['log-access'])

/** Who looked at what. */
export const logAccess: EvidenceQuestion<EvidenceEvent> = {
  id: 'Q9',
  answers: 'Who viewed, exported, revealed or read entries, and who was refused',
  from: ['S', 'L'],
  params: {},
  columns: EVENT_COLUMNS,
  key: 'event',
  figures: [
    { name: 'readings', says: 'readings and refusals' },
    { name: 'exports', says: 'exports', where: { type: 'report.exported' } },
    { name: 'views', says: 'reports and pages viewed', where: { type: ['page.viewed', 'report.viewed'] } },
    { name: 'reveals', says: 'values or pseudonyms revealed', where: { type: 'pseudonym.revealed' } },
    { name: 'log-reads', says: 'readings of the audit log', where: { type: 'audit.read' } },
    { name: 'refused', says: 'readings refused', where: { type: 'reading.rejected' } },
  ],
  method: 'exact for exports, reveals and accesses of subjects; views of pages are best effort and may be incomplete',
  cannotShow: 'readings of the database or of disks past this program; copies that were handed out',
  rows: (_params, reader) => eventsOf(READING, reader),
}
