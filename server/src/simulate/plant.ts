import { KINDS, POPULATIONS, reasonId, TYPES } from 'tokentrail'
import { blankEvent, type EventRow } from '../event/row.ts'
import { createBeatRows } from './beat-row.ts'
import { enactErrands } from './enact-errands.ts'
import { enact, type Enacted } from './enact.ts'
import { createErrands } from './errands.ts'
import { plantIncidents, type Incident } from './incidents.ts'
import { createRandom } from './random.ts'
import { DAY_MS, HOUR_MS } from './rhythm.ts'
import { createStory, type Story, type StoryOptions } from './story.ts'
import { createTraffic } from './traffic.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Journal } from '../journal/journal.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { Records, Tenant } from '../records/records.ts'

export { startLiveTraffic } from './live.ts'

export interface PlantOptions {
  readonly records: Records
  readonly journal: Journal
  readonly privacy: Privacy
  readonly clock: Clock
  readonly log: Log
  readonly tenant: Tenant
  readonly seed: number
  readonly signal: AbortSignal
  readonly days?: number
  /** Validations of callers over the window, about. */
  readonly calls?: number
  readonly surge?: number
  /** From 0 to 1. */
  readonly onProgress?: (share: number) => void
}

/** What was planted, with what live traffic needs to go on from there. */
export interface DemoPlanted {
  readonly tenantNo: number
  readonly story: Story
  readonly incidents: readonly Incident[]
  readonly events: number
  /** Texts of the access tokens by their place in the story. They live in memory alone. */
  readonly texts: readonly (string | undefined)[]
}

const ROWS_AT_ONCE = 6_000
const PIECE_MS = HOUR_MS / 4

/** Plants a story into a tenant: lives through records with the times of the story, validations straight into the journal. */
export async function plantDemo(options: PlantOptions): Promise<DemoPlanted> {
  const { records, privacy, tenant, clock, signal, log, days = 30 } = options
  const story = createStory({ to: clock.now(), ...given(options) })
  const incidents = plantIncidents(story)
  for (let at = story.from; at <= story.to + HOUR_MS; at += DAY_MS / 2) await privacy.prepare(tenant.no, at)
  const writer = createRowWriter(options)
  const enacted = await enact({ records, tenant, signal }, story)
  const errands = enactErrands({ records, tenant, privacy, signal, note: writer.add }, createErrands(story))
  await Promise.all([errands, writeHistory(options, story, incidents, enacted, writer)])
  await writer.flush()
  log.info({ events: writer.count(), tokens: story.tokens.length, days }, 'a simulated tenant was planted')
  return { tenantNo: tenant.no, story, incidents, events: writer.count(), texts: enacted.texts }
}

function given({ seed, days, calls, surge }: PlantOptions): Omit<StoryOptions, 'to'> {
  return {
    seed,
    ...(days !== undefined && { days }),
    ...(calls !== undefined && { calls }),
    ...(surge !== undefined && { surge }),
  }
}

/** Piece by piece, so that memory holds one piece and days reach the store in their order. */
async function writeHistory(
  { tenant, privacy, signal, onProgress }: PlantOptions,
  story: Story,
  incidents: readonly Incident[],
  enacted: Enacted,
  writer: RowWriter,
): Promise<void> {
  const rows = createBeatRows({ tenant, privacy, random: createRandom(`rows/${story.seed}`), tokens: enacted.tokens })
  const traffic = createTraffic(story)
  const pieceOf = (at: number): number => Math.floor((at - story.from) / PIECE_MS)
  const special = Map.groupBy(
    incidents.flatMap(({ beats }) => beats),
    ({ at }) => pieceOf(at),
  )
  for (const row of limitRows(incidents, tenant, enacted)) writer.add(row)
  for (let from = story.from; from < story.to; from += PIECE_MS) {
    signal.throwIfAborted()
    const to = Math.min(story.to, from + PIECE_MS)
    const beats = [...traffic.between(from, to), ...(special.get(pieceOf(from)) ?? [])]
    for (const beat of beats.sort((a, b) => a.at - b.at)) if (beat.at < story.to) writer.add(rows.row(beat))
    await writer.room()
    onProgress?.((to - story.from) / (story.to - story.from))
  }
}

function limitRows(incidents: readonly Incident[], tenant: Tenant, { tokens }: Enacted): readonly EventRow[] {
  return incidents.flatMap(({ limits = [] }) =>
    limits.map(({ at, token, type, rejected }) => {
      const row = blankEvent()
      row.tenant = tenant.no
      row.retention = tenant.retention
      row.type = TYPES[type].id
      row.reason = reasonId('limit_token')
      row.limit = 'limit_token'
      row.population = POPULATIONS.attributed
      row.kind = KINDS.access
      row.occurredAt = at
      row.delayMs = 1
      row.tokenNo = tokens[token]?.no ?? 0
      row.ownerNo = tokens[token]?.ownerNo ?? 0
      row.detail = JSON.stringify(type === 'limit.left' ? { rejected } : {})
      return row
    }),
  )
}

interface RowWriter {
  add(row: EventRow): void
  /** Resolves when at most one batch is under way, so that memory stays bounded. */
  room(): Promise<void>
  flush(): Promise<void>
  count(): number
}

/** Hands rows to the journal in batches, the next being gathered while one is written. */
function createRowWriter({ journal, log }: Pick<PlantOptions, 'journal' | 'log'>): RowWriter {
  let batch: EventRow[] = []
  let writing: Promise<unknown> = Promise.resolve()
  let written = 0

  function send(): Promise<unknown> {
    const rows = batch
    batch = []
    writing = write(rows, writing)
    return writing
  }

  async function write(rows: readonly EventRow[], before: Promise<unknown>): Promise<void> {
    await before
    if (rows.length === 0) return
    const receptions = await journal.receive(rows)
    const taken = receptions.filter((reception) => reception === 'new').length
    written += taken
    if (taken < rows.length) log.warn({ lost: rows.length - taken }, 'the journal did not take all of the simulated history')
  }

  return {
    add: (row) => void batch.push(row),
    async room() {
      if (batch.length < ROWS_AT_ONCE) return
      await writing
      void send()
    },
    flush: async () => void (await send()),
    count: () => written,
  }
}
