import { C, type EvidenceQuestion, type MaybeTime } from '../question.ts'
import { eventsOf, typesOf } from '../events-of.ts'
import type { EvidenceReader } from '../reader.ts'

export interface IntegrityRow {
  readonly key: string
  readonly what: string
  readonly at: MaybeTime
  readonly size: number | null
  readonly gapMs: number | null
  readonly detail: string | null
}

const VERIFYING = typesOf('audit.checkpointed', 'audit.verified', 'audit.verification_failed')
const HEARTBEAT_MS = 60_000

/** Whether the log is whole, checked, and seen by others. */
export const logIntegrity: EvidenceQuestion<IntegrityRow> = {
  id: 'Q11',
  answers: 'How the log was checked and witnessed, and which leaves nothing outside vouches for yet',
  from: ['L'],
  params: {},
  columns: {
    key: C.ref('names the row'),
    what: C.word('what was noted: a state, a check, a pause between heartbeats'),
    at: C.time('when'),
    size: C.count('leaves that it is about'),
    gapMs: C.duration('length of a pause between heartbeats'),
    detail: C.ref('root or cause, as shown in the log'),
  },
  key: 'key',
  figures: [
    { name: 'leaves', says: 'leaves in the log', where: { what: 'log' }, sum: 'size' },
    {
      name: 'leaves-under-checkpoint',
      says: 'of them under the last checkpoint',
      where: { what: 'checkpoint' },
      sum: 'size',
      share: 'leaves',
    },
    { name: 'leaves-waiting', says: 'committed events without a leaf yet', where: { what: 'waiting' }, sum: 'size' },
    { name: 'checks', says: 'checks of the log that went well', where: { what: 'audit.verified' } },
    { name: 'checks-failed', says: 'checks that found something wrong', where: { what: 'audit.verification_failed' } },
    { name: 'pauses', says: 'pauses of more than a minute between heartbeats', where: { what: 'pause' } },
    { name: 'longest-pause-ms', says: 'longest of them, ms', where: { what: 'pause' }, max: 'gapMs' },
  ],
  method: 'exact: the log as it stood at the end of the window, its own entries, and the checks that were noted in the window',
  cannotShow: 'that nobody with both the database and the log key wrote history again before a witness outside saw it',
  async *rows(_params, reader) {
    if (reader.isInstall) yield* states(reader)
    for await (const { event, type, at, detail } of eventsOf(VERIFYING, reader))
      yield { key: event, what: type, at, size: sizeIn(detail), gapMs: null, detail }
    if (reader.isInstall) yield* pauses(reader)
  },
}

async function* states({ log, seen }: EvidenceReader): AsyncIterable<IntegrityRow> {
  const facts = await log.facts(seen.to)
  if (facts === null) return
  const { shard, origin, openedAt, size, covered, checkpointAt, waiting } = facts
  yield { key: `log/${shard}`, what: 'log', at: openedAt, size, gapMs: null, detail: origin }
  yield { key: `checkpoint/${shard}`, what: 'checkpoint', at: checkpointAt, size: covered, gapMs: null, detail: origin }
  yield { key: 'waiting', what: 'waiting', at: null, size: waiting, gapMs: null, detail: null }
}

/** Heartbeats are at most a minute apart while the log is kept; what is longer is told. */
async function* pauses({ log, seen }: EvidenceReader): AsyncIterable<IntegrityRow> {
  let last: number | undefined
  for await (const { at } of log.entries(0, seen, ['log.heartbeat', 'log.opened', 'log.recovered'])) {
    const gapMs = last === undefined ? 0 : at - last
    if (gapMs > HEARTBEAT_MS * 1.5) yield { key: `pause/${at}`, what: 'pause', at, size: null, gapMs, detail: null }
    last = at
  }
}

function sizeIn(detail: string | null): number | null {
  if (detail === null) return null
  const { size } = JSON.parse(detail) as { size?: unknown }
  return typeof size === 'number' ? size : null
}
