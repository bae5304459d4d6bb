import type { Milliseconds } from 'tokentrail'
import type { EventRow } from '../../event/row.ts'
import { SCENARIOS } from '../attacks/scenarios.ts'
import { createPrey } from '../attacks/prey.ts'
import type { Assault } from '../attacks/attack.ts'
import { BENIGN, type Deed } from '../deed.ts'
import { createRandom } from '../random.ts'
import { DAY_MS } from '../rhythm.ts'
import type { Story } from '../story.ts'
import { scheduleAttacks, type Planned } from './schedule.ts'
import { createPretendPrivacy } from './pseudonyms.ts'
import { createWorldTenant, PIECE_MS, type WorldTenant } from './tenant.ts'
import { tokenNo } from './life.ts'
import type { Truth } from './truth.ts'

export interface WorldOptions {
  readonly seed: number
  readonly tenants: number
  /** Weeks that are only for learning, and weeks in which attacks happen. */
  readonly learnWeeks: number
  readonly judgedWeeks: number
  /** Validations per tenant and day, about. */
  readonly callsPerDay: number
  /** Attacks per tenant; 0 is a clean world. */
  readonly attacksPerTenant: number
  /** Whether the operator has given a geo file. */
  readonly geo: boolean
}

/** Events in the order of the journal, as one batch; it arrives as a whole. */
export interface WorldBatch {
  readonly receivedAt: Milliseconds
  readonly rows: readonly EventRow[]
}

/** Tenants over some weeks, the same for the same options; made faster than real time and never held as a whole. */
export interface World {
  readonly from: Milliseconds
  readonly judgedFrom: Milliseconds
  readonly to: Milliseconds
  /** Runs once, from the first batch to the last. */
  batches(): Iterable<WorldBatch>
  /** Complete when the batches have run. */
  readonly truths: readonly Truth[]
  /** The zone in which a tenant's people live. */
  timeZone(tenant: number): string
}

const WRITER = 1
const BATCH_MS = 60_000
const WEEK_MS = 7 * DAY_MS
const FIRST_MONDAY = Date.UTC(2026, 0, 5)

export function createWorld(options: WorldOptions): World {
  const { seed, learnWeeks, judgedWeeks, callsPerDay, geo } = options
  const from = FIRST_MONDAY + (seed % 40) * WEEK_MS
  const judgedFrom = from + learnWeeks * WEEK_MS
  const to = judgedFrom + judgedWeeks * WEEK_MS
  const privacy = createPretendPrivacy(seed, geo)
  const days = (to - from) / DAY_MS
  const truths: Truth[] = []
  const schedule = scheduleAttacks(options, judgedFrom, to)
  const tenants = new Map<number, WorldTenant>()
  for (let no = 1; no <= options.tenants; no++)
    tenants.set(
      no,
      createWorldTenant({ no, seed, to, days, calls: callsPerDay * days, privacy, attack: (story) => assail(no, story) }),
    )

  function assail(tenant: number, story: Story): ReadonlyMap<number, Assault> {
    const prey = createPrey(story, createRandom(`prey/${seed}/${tenant}`))
    const mine = schedule.filter((planned) => planned.tenant === tenant)
    return new Map(mine.map((planned) => [planned.attack, carryOut(planned, story, prey)]))
  }

  function carryOut(planned: Planned, story: Story, prey: ReturnType<typeof createPrey>): Assault {
    const { attack, scenario, variant, tenant, from: begin, until } = planned
    const random = createRandom(`attack/${seed}/${attack}/${scenario}/${variant}`)
    const assault: Assault = SCENARIOS[scenario].tell[variant]({ story, random, from: begin, until, prey })
    const framed = assault.framed === undefined ? null : tokenNo(tenant, assault.framed)
    truths[attack] = { attack, scenario, variant, tenant, from: begin, framed, rows: [] }
    return assault
  }

  function* batches(): Iterable<WorldBatch> {
    const waiting = new Map<Milliseconds, Waiting[]>()
    let seq = 0
    for (let piece = from; piece < to; piece += PIECE_MS) {
      for (const tenant of tenants.values())
        for (const deed of tenant.between(piece, piece + PIECE_MS)) put(waiting, { tenant, deed })
      const due = (waiting.get(piece) ?? []).toSorted((a, b) => a.deed.arrivesAt - b.deed.arrivesAt)
      waiting.delete(piece)
      let batch: EventRow[] = []
      let end = piece + BATCH_MS
      for (const { tenant, deed } of due) {
        for (; deed.arrivesAt >= end; end += BATCH_MS) {
          yield { receivedAt: end, rows: batch }
          batch = []
        }
        const row = tenant.row(deed, WRITER, ++seq)
        if (deed.attack !== BENIGN) truths[deed.attack]?.rows.push(row)
        batch.push(row)
      }
      for (; end <= piece + PIECE_MS; end += BATCH_MS) {
        yield { receivedAt: end, rows: batch }
        batch = []
      }
    }
  }

  const put = (waiting: Map<Milliseconds, Waiting[]>, what: Waiting): void => {
    const piece = from + Math.floor((what.deed.arrivesAt - from) / PIECE_MS) * PIECE_MS
    const list = waiting.get(piece)
    if (list) list.push(what)
    else waiting.set(piece, [what])
  }

  return {
    from,
    judgedFrom,
    to,
    batches,
    truths,
    timeZone: (tenant) => tenants.get(tenant)?.story.timeZone ?? 'UTC',
  }
}

interface Waiting {
  readonly tenant: WorldTenant
  readonly deed: Deed
}
