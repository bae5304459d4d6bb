import { EVENT_TABLES } from 'tokentrail/verify'
import { EVENT_COLUMNS, eventsOf, typesOf, type EvidenceEvent } from '../events-of.ts'
import type { EvidenceQuestion } from '../question.ts'

const TYPES_OF_LIFE = typesOf(...EVENT_TABLES['token-lifecycle'])

/** What was done to tokens, from issue to revocation. */
export const tokenLifecycle: EvidenceQuestion<EvidenceEvent> = {
  id: 'Q2',
  answers: 'What was done to tokens from issue to revocation, by whom, agreed to by whom, and why',
  from: ['L', 'S'],
  params: { token: '' },
  columns: EVENT_COLUMNS,
  key: 'event',
  figures: [
    { name: 'events', says: 'changes of tokens' },
    { name: 'issued', says: 'issued or imported', where: { type: ['token.issued', 'token.imported'] } },
    { name: 'rotated', says: 'rotated', where: { type: 'token.rotated' } },
    { name: 'revoked', says: 'revoked', where: { type: 'token.revoked' } },
    { name: 'scopes-changed', says: 'changes of scopes', where: { type: 'token.scopes_changed' } },
    { name: 'without-actor', says: 'changes by nobody known', where: { actorKind: 'none' }, share: 'events' },
    { name: 'approved', says: 'changes that a second person agreed to', where: { approval: { some: true } }, share: 'events' },
  ],
  method: 'exact: every event of these types in the store, with its leaf in the audit log',
  cannotShow: 'who sat behind the token that acted',
  async *rows({ token }, reader) {
    for await (const event of eventsOf(TYPES_OF_LIFE, reader)) if (token === '' || event.token === token) yield event
  },
}
