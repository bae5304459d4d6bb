import { EVENT_TABLES } from 'tokentrail/verify'
import { EVENT_COLUMNS, eventsOf, typesOf, type EvidenceEvent } from '../events-of.ts'
import type { EvidenceQuestion } from '../question.ts'

const PRIVILEGED = typesOf(...EVENT_TABLES['privileged-actions'])

/** What people with power did. */
export const privilegedActions: EvidenceQuestion<EvidenceEvent> = {
  id: 'Q8',
  answers: 'What was done to roles, configuration, rules and keys, and under which approval',
  from: ['L', 'S'],
  params: {},
  columns: EVENT_COLUMNS,
  key: 'event',
  figures: [
    { name: 'actions', says: 'privileged actions' },
    { name: 'roles', says: 'roles granted or removed', where: { type: ['role.granted', 'role.removed'] } },
    { name: 'configuration', says: 'changes of configuration', where: { type: 'config.changed' } },
    { name: 'rules', says: 'changes of detection rules', where: { type: 'rule.changed' } },
    { name: 'keys', says: 'keys rotated or destroyed', where: { type: ['key.rotated', 'key.destroyed'] } },
    { name: 'approvals-asked', says: 'approvals asked for', where: { type: 'approval.requested' } },
    { name: 'approvals-given', says: 'approvals given', where: { type: 'approval.given' } },
    { name: 'with-leaf', says: 'actions with a leaf in the audit log', where: { leaf: { some: true } }, share: 'actions' },
  ],
  method: 'exact: every event of these types in the store, with its leaf in the audit log',
  cannotShow: 'what was done with the rights of the operating system, past this program',
  rows: (_params, reader) => eventsOf(PRIVILEGED, reader),
}
