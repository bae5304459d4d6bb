import { EVENT_TABLES } from 'tokentrail/verify'
import { EVENT_COLUMNS, eventsOf, typesOf, type EvidenceEvent } from '../events-of.ts'
import type { EvidenceQuestion } from '../question.ts'

const RETENTION = typesOf(...EVENT_TABLES['retention-runs'])

/** What retention took away, and what held it back. */
export const retentionRuns: EvidenceQuestion<EvidenceEvent> = {
  id: 'Q13',
  answers: 'What retention took away by which rule, which keys were destroyed, and which holds stood against it',
  from: ['L'],
  params: {},
  columns: EVENT_COLUMNS,
  key: 'event',
  figures: [
    { name: 'runs', says: 'runs of retention that took something', where: { type: 'retention.applied' } },
    { name: 'keys-destroyed', says: 'times that keys were destroyed', where: { type: 'key.destroyed' } },
    { name: 'tombstones-purged', says: 'tombstones removed', where: { type: 'token.purged' } },
    { name: 'holds-set', says: 'holds set', where: { type: 'hold.set' } },
    { name: 'holds-released', says: 'holds released', where: { type: 'hold.released' } },
  ],
  method: 'exact: every event of these types in the store, with its leaf in the audit log',
  cannotShow: 'copies that were handed out, backups outside this program, and remnants on hardware',
  rows: (_params, reader) => eventsOf(RETENTION, reader),
}
