import { FACT_REASONS, reasonName } from 'tokentrail'
import { OF } from '../../../query/scope.ts'
import { C, type EvidenceQuestion } from '../question.ts'
import type { EvidenceReader } from '../reader.ts'

export interface CapacityRow {
  readonly what: string
  readonly kind: string
  readonly value: number
  readonly bound: number | null
  readonly share: number | null
}

const LOSS = `SELECT reason, sum(dropped) AS lost FROM ${OF.capture_minute}
    AND minute >= toDateTime({first:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC') AND reason != 0
  GROUP BY reason ORDER BY reason`
const RECEIVED = `SELECT sum(stored) AS in_rows, sum(coalesced) AS in_coalesced FROM ${OF.capture_minute}
    AND minute >= toDateTime({first:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')`
const OUTBOX_MAX = 10_000
const LOSSES = Object.entries(FACT_REASONS).flatMap(([name, reason]) => (reason.of === 'loss' ? [`lost: ${name}`] : []))

/** How full everything is, and what was lost. */
export const capacity: EvidenceQuestion<CapacityRow> = {
  id: 'Q19',
  answers: 'How full journal and outbox are against their bounds, and what was lost for which reason',
  from: ['S', 'L'],
  params: {},
  columns: {
    what: C.word('what is measured'),
    kind: C.word('state: as it is now; flow: over the window'),
    value: C.count('bytes, rows or events'),
    bound: C.count('its bound, where it has one'),
    share: C.share('value against bound'),
  },
  key: 'what',
  figures: [
    { name: 'lost', says: 'events declared lost in the window', where: { what: LOSSES }, sum: 'value' },
    { name: 'stored', says: 'events stored in the window', where: { what: 'events stored' }, sum: 'value' },
    { name: 'fullest-share', says: 'share of its bound that the fullest takes', where: { kind: 'state' }, max: 'share' },
  ],
  method: 'exact: counted at receipt, by the minute; states as they are now',
  cannotShow: 'disks and networks of other systems; events that a caller never sent',
  async *rows(_params, reader) {
    if (reader.isInstall) yield* states(reader)
    yield* flows(reader)
  },
}

async function* states({ journal, records }: EvidenceReader): AsyncIterable<CapacityRow> {
  const { bytes, bytesMax, batchesWaiting } = journal.state()
  yield stateRow('journal bytes', bytes, bytesMax)
  yield stateRow('journal batches waiting', batchesWaiting, null)
  const waiting = (await records.outbox(OUTBOX_MAX)).length
  yield stateRow('outbox events waiting', waiting, null)
}

async function* flows(reader: EvidenceReader): AsyncIterable<CapacityRow> {
  const { from, to } = reader.seen
  const minutes = { first: Math.floor(from / 60_000) * 60, end: Math.ceil(to / 60_000) * 60 }
  const [received] = await reader.rows<{ in_rows: string; in_coalesced: string }>(RECEIVED, minutes)
  yield flowRow('events stored', Number(received?.in_rows ?? 0))
  yield flowRow('events coalesced', Number(received?.in_coalesced ?? 0))
  for (const { reason, lost } of await reader.rows<{ reason: number; lost: string }>(LOSS, minutes))
    yield flowRow(`lost: ${reasonName(reason) ?? reason}`, Number(lost))
}

function stateRow(what: string, value: number, bound: number | null): CapacityRow {
  return { what, kind: 'state', value, bound, share: bound === null || bound === 0 ? null : value / bound }
}

function flowRow(what: string, value: number): CapacityRow {
  return { what, kind: 'flow', value, bound: null, share: null }
}
