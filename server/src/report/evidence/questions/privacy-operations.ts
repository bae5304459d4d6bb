import { EVENT_TABLES } from 'tokentrail/verify'
import { EVENT_COLUMNS, eventsOf, typesOf, type EvidenceEvent } from '../events-of.ts'
import type { EvidenceQuestion } from '../question.ts'

const PRIVACY = typesOf(...EVENT_TABLES['privacy-operations'])

/** What was done for, and about, the people behind the data. */
export const privacyOperations: EvidenceQuestion<EvidenceEvent> = {
  id: 'Q20',
  answers: 'Which accesses, erasures, restrictions and reveals there were, and under which approval',
  from: ['L', 'R'],
  params: {},
  columns: EVENT_COLUMNS,
  key: 'event',
  figures: [
    { name: 'accesses', says: 'accesses to a person’s data for that person', where: { type: 'subject.accessed' } },
    { name: 'erasures', says: 'erasures', where: { type: 'subject.erased' } },
    {
      name: 'erasures-approved',
      says: 'of them with an approval',
      where: { type: 'subject.erased', approval: { some: true } },
      share: 'erasures',
    },
    { name: 'restrictions', says: 'restrictions set or lifted', where: { type: 'subject.restricted' } },
    { name: 'reveals', says: 'values or pseudonyms revealed', where: { type: 'pseudonym.revealed' } },
    { name: 'holds', says: 'holds set or released', where: { type: ['hold.set', 'hold.released'] } },
  ],
  method: 'exact: every event of these types in the store, with its leaf in the audit log',
  cannotShow: 'whether a purpose is lawful; processing elsewhere; copies that were handed out before',
  rows: (_params, reader) => eventsOf(PRIVACY, reader),
}
