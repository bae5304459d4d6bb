import { EVENT_COLUMNS, eventsOf, typesOf, type EvidenceEvent } from '../events-of.ts'
import { C, type EvidenceQuestion } from '../question.ts'
import type { EvidenceReader } from '../reader.ts'

export interface SeparationRow extends EvidenceEvent {
  readonly waived: boolean
}

const DUTIES = typesOf(
  'approval.requested',
  'approval.given',
  'approval.refused',
  'role.granted',
  'role.removed',
  'review.signed',
)

/** Whether the people who ask and the people who agree are different ones. */
export const separationOfDuties: EvidenceQuestion<SeparationRow> = {
  id: 'Q18',
  answers: 'Which approvals, waivers and role changes there were, and where one person did both parts',
  from: ['R', 'L'],
  params: {},
  columns: { ...EVENT_COLUMNS, waived: C.flag('asked for and agreed to by the same person, under a waiver') },
  key: 'event',
  figures: [
    { name: 'requests', says: 'approvals asked for', where: { type: 'approval.requested' } },
    { name: 'given', says: 'approvals given', where: { type: 'approval.given' } },
    {
      name: 'own',
      says: 'of them given by who asked, under a waiver',
      where: { type: 'approval.given', waived: true },
      share: 'given',
    },
    { name: 'refused', says: 'approvals refused', where: { type: 'approval.refused' } },
    { name: 'roles-granted', says: 'roles granted', where: { type: 'role.granted' } },
    {
      name: 'roles-waived',
      says: 'of them under a waiver',
      where: { type: 'role.granted', waived: true },
      share: 'roles-granted',
    },
    { name: 'reviews-waived', says: 'reviews signed by who made the pack', where: { type: 'review.signed', waived: true } },
    {
      name: 'separation-waived',
      says: '1 where separation of duties is waived now',
      where: { type: 'separation', waived: true },
    },
  ],
  method: 'exact: every event of these types in the store, with its leaf; whether separation is waived as it stands now',
  cannotShow: 'whether two names are two people',
  async *rows(_params, reader) {
    yield await standing(reader)
    for await (const event of eventsOf(DUTIES, reader)) yield { ...event, waived: isWaived(event.detail) }
  },
}

/** How the setting stands: the first row of every answer. */
async function standing(reader: EvidenceReader): Promise<SeparationRow> {
  const nobody = { actor: null, actorId: null, token: null, owner: null, ownerId: null, approval: null, leaf: null, detail: null }
  const waived = (await reader.separation()) === 'waived'
  return { at: reader.now, event: 'separation', type: 'separation', reason: null, actorKind: 'none', ...nobody, waived }
}

function isWaived(detail: string | null): boolean {
  if (detail === null || !detail.includes('"waived"')) return false
  return (JSON.parse(detail) as { waived?: unknown }).waived === true
}
