import { EVENT_TABLES, LOG_LIFECYCLE } from 'tokentrail/verify'
import { EVENT_COLUMNS, eventsOf, typesOf, type EvidenceEvent } from '../events-of.ts'
import type { EvidenceQuestion } from '../question.ts'
import type { EvidenceReader } from '../reader.ts'

const LIFECYCLE = typesOf(...EVENT_TABLES['log-lifecycle'])

/** When logging began, stopped or had gaps. */
export const logLifecycle: EvidenceQuestion<EvidenceEvent> = {
  id: 'Q10',
  answers: 'When logging started, stopped, changed or had gaps, and which shards the log has',
  from: ['L', 'S'],
  params: {},
  columns: EVENT_COLUMNS,
  key: 'event',
  figures: [
    { name: 'starts', says: 'starts', where: { type: 'system.started' } },
    { name: 'stops', says: 'orderly stops', where: { type: 'system.stopped' } },
    { name: 'losses', says: 'declared losses', where: { type: 'loss.declared' } },
    { name: 'gaps', says: 'gaps found', where: { type: 'gap.found' } },
    { name: 'gaps-filled', says: 'gaps filled later', where: { type: 'gap.filled' } },
    {
      name: 'coalescings',
      says: 'times that detail was coalesced under a flood; counts stayed exact',
      where: { type: 'coalescing.started' },
    },
    { name: 'shards-opened', says: 'shards of the log opened', where: { type: 'log.opened' } },
    { name: 'recoveries', says: 'recoveries of the log after a restore', where: { type: 'log.recovered' } },
  ],
  method: 'exact: every event of these types in the store, and the log’s own entries',
  cannotShow: 'that a component which never called this program did nothing; logs of other systems',
  async *rows(_params, reader) {
    if (reader.isInstall) yield* ownEntries(reader)
    yield* eventsOf(LIFECYCLE, reader)
  },
}

/** Entries that exist only in the log. */
async function* ownEntries(reader: EvidenceReader): AsyncIterable<EvidenceEvent> {
  for await (const { at, type, index, shown } of reader.log.entries(0, reader.seen, LOG_LIFECYCLE))
    yield {
      at,
      event: `leaf-${index}`,
      type,
      reason: null,
      actorKind: 'system',
      actor: null,
      actorId: null,
      token: null,
      owner: null,
      ownerId: null,
      approval: null,
      leaf: index,
      detail: JSON.stringify(shown),
    }
}
