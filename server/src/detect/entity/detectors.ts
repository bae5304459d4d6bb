import { blankEvent, type EventRow } from '../../event/row.ts'
import type { EventDetector, Lives } from '../detector.ts'
import { acceptedAfterRevoke } from './accepted-after-revoke.ts'
import { blind } from './blind.ts'
import { canary } from './canary.ts'
import { codeGuessing } from './code-guessing.ts'
import { concurrentUse } from './concurrent-use.ts'
import { dormantAwake } from './dormant-awake.ts'
import { createExposures } from './exposures.ts'
import type { CatalogueName } from './facts.ts'
import { forgedShape } from './forged-shape.ts'
import { forgetSubject, type ForgottenSubject } from './forget.ts'
import { guessThenHit } from './guess-then-hit.ts'
import { guessing } from './guessing.ts'
import { createHabits } from './habit.ts'
import { happeningOf, isSingleUse, type Happening } from './happening.ts'
import { impossibleTravel } from './impossible-travel.ts'
import { issueBurst } from './issue-burst.ts'
import { knownIdGuessing } from './known-id-guessing.ts'
import { leakedToken } from './leaked-token.ts'
import { countDay, learnFact, learnSingle, learnUse } from './learn.ts'
import { limitPressure } from './limit-pressure.ts'
import { manyNetworks } from './many-networks.ts'
import { manyTokens } from './many-tokens.ts'
import type { FillableMoment, FindSink, Memory } from './moment.ts'
import { createNames } from './names.ts'
import { newClient } from './new-client.ts'
import { newNetwork } from './new-network.ts'
import { judgeOddity } from './odd.ts'
import { rareScope } from './rare-scope.ts'
import { readingAbuse } from './reading-abuse.ts'
import { createTables, ENTITY_LIMITS, type EntityLimits, type Tables } from './records.ts'
import { replay, sourceKey } from './replay.ts'
import { revokeBurst } from './revoke-burst.ts'
import { scopeProbing } from './scope-probing.ts'
import { sendFlood } from './send-flood.ts'
import { countAccepted, countFailure, countWin } from './source.ts'
import { spraying } from './spraying.ts'
import { sleeperAwake } from './sleeper-awake.ts'
import { steadyBeat } from './steady-beat.ts'
import type { EntityStep } from './step.ts'
import type { TableState } from './table.ts'
import { useAfterEnd } from './use-after-end.ts'
import { createValues } from './values.ts'
import { createVoice } from './voice.ts'
import { wideGrant } from './wide-grant.ts'

/** All entity detectors, in the order in which they see an event. */
export const ENTITY_STEPS: readonly EntityStep[] = [
  replay,
  useAfterEnd,
  acceptedAfterRevoke,
  canary,
  leakedToken,
  guessing,
  spraying,
  guessThenHit,
  knownIdGuessing,
  forgedShape,
  newNetwork,
  impossibleTravel,
  concurrentUse,
  manyNetworks,
  manyTokens,
  newClient,
  rareScope,
  scopeProbing,
  dormantAwake,
  sleeperAwake,
  steadyBeat,
  limitPressure,
  issueBurst,
  wideGrant,
  revokeBurst,
  codeGuessing,
  sendFlood,
  readingAbuse,
  blind,
]

/** Detectors that work only where they are asked for. */
export const OFF_BY_DEFAULT: readonly CatalogueName[] = ['steady-beat']

export interface EntityOptions {
  readonly lives?: Lives
  readonly limits?: Partial<EntityLimits>
  /** Names of detectors that are off by default and shall work. */
  readonly also?: readonly CatalogueName[]
}

/** Detectors over single events and what is remembered of tokens, sources, owners and principals. */
export interface EntityDetectors extends EventDetector {
  /** A token is public since a time: from now on each use of it is a finding. */
  exposed(tokenNo: number, at: number): void
  /** What was learned of a subject and its tokens is forgotten. */
  forget(subject: ForgottenSubject): void
  /** Tenants of whom an event was seen. */
  tenants(): readonly number[]
  /** Bytes that were taken for records, once and for all. */
  readonly bytes: number
}

export function createEntityDetectors({ lives = () => undefined, limits, also = [] }: EntityOptions = {}): EntityDetectors {
  const tables = createTables({ ...ENTITY_LIMITS, ...limits })
  const memory = memoryOf(tables)
  const voice = createVoice()
  const steps = stepsBy(ENTITY_STEPS.filter(({ name }) => !OFF_BY_DEFAULT.includes(name) || also.includes(name)))
  let sink: FindSink = () => undefined
  const moment = blankMoment(memory, lives, (notice) => voice.notice({ ...notice, event: moment.event }, sink))
  const words = new BigUint64Array(1)
  const halves = new Uint32Array(words.buffer)

  function see(event: EventRow, found: FindSink): void {
    const what = happeningOf(event)
    if (what === undefined) return
    sink = found
    fill(event, what)
    if (what === 'accepted') judgeOddity(moment)
    COUNT[what]?.(moment)
    for (const step of steps.get(what) ?? []) step.see(moment)
    LEARN[what]?.(moment)
  }

  function fill(event: EventRow, what: Happening): void {
    words[0] = event.network
    moment.event = event
    moment.what = what
    moment.at = timeOf(event)
    moment.second = Math.floor(moment.at / 1000)
    moment.networkLow = halves[0] ?? 0
    moment.networkHigh = halves[1] ?? 0
    moment.client = memory.names.numberOf(event.client)
    moment.source = event.network === 0n ? -1 : sourceRow()
    moment.token = event.tokenNo === 0 ? -1 : tokenRow(event, what)
    noteTenant()
  }

  /** A tenant is learned from its earliest event on. */
  function noteTenant(): void {
    const { tenants } = memory
    const known = tenants.get(moment.event.tenant)
    if (known === undefined ? tenants.size < TENANTS_MAX : moment.at < known) tenants.set(moment.event.tenant, moment.at)
  }

  function sourceRow(): number {
    const { event, networkHigh, networkLow, second } = moment
    const row = memory.sources.touch(...sourceKey(event.tenant, networkHigh, networkLow), second)
    if (memory.sources.wasNew()) {
      const s = memory.sources.fields
      s.tenant.set(row, event.tenant)
      s.firstSeen.set(row, second)
      s.network.set(row, networkHigh)
      s.network.set(row, networkLow, 1)
    }
    return row
  }

  /** Only what proves or changes a token makes a record of it. */
  function tokenRow(event: EventRow, what: Happening): number {
    const table = isSingleUse(event) ? memory.singles : memory.tokens
    const { tokenNo } = event
    const [high, low] = [Math.floor(tokenNo / 2 ** 32), tokenNo >>> 0]
    return MAKES_RECORD.has(what) ? table.touch(high, low, moment.second) : table.find(high, low)
  }

  return {
    see,
    exposed: memory.exposures.expose,
    forget: (subject) => forgetSubject(memory, subject),
    tenants: () => [...memory.tenants.keys()],
    bytes: Object.values(tables).reduce((sum: number, table: { bytes: number }) => sum + table.bytes, 0),
    snapshot: () => ({
      tables: Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, table.snapshot()])),
      names: memory.names.snapshot(),
      exposures: memory.exposures.snapshot(),
      sprays: [...memory.sprays],
      tenants: [...memory.tenants],
      voice: voice.snapshot(),
    }),
    restore(state) {
      const saved = state as EntityState
      for (const name of Object.keys(tables) as (keyof Tables)[]) tables[name].restore(saved.tables[name])
      memory.names.restore(saved.names)
      memory.exposures.restore(saved.exposures)
      refill(memory.sprays, saved.sprays)
      refill(memory.tenants, saved.tenants)
      voice.restore(saved.voice)
    },
  }
}

interface EntityState {
  readonly tables: Readonly<Record<keyof Tables, TableState>>
  readonly names: readonly string[]
  readonly exposures: unknown
  readonly sprays: readonly (readonly [number, number])[]
  readonly tenants: readonly (readonly [number, number])[]
  readonly voice: unknown
}

const TENANTS_MAX = 100_000
const AHEAD_MS_MAX = 600_000
const MAKES_RECORD: ReadonlySet<Happening> = new Set(['accepted', 'won', 'issued', 'rotated', 'widened', 'revoked', 'sent'])

/** When it happened; a clock that runs far ahead of the receipt is not believed, or it would make all that follows late. */
function timeOf({ occurredAt, delayMs }: EventRow): number {
  return delayMs < -AHEAD_MS_MAX ? occurredAt + delayMs : occurredAt
}

type Learning = Readonly<Partial<Record<Happening, (moment: FillableMoment) => void>>>

/** What is counted before an event is judged, so that its own weight is in. */
const COUNT: Learning = {
  accepted: (moment) => {
    countDay(moment)
    countAccepted(moment)
  },
  won: countWin,
  failed: countFailure,
}

/** What is learned after it was judged. */
const LEARN: Learning = {
  accepted: learnUse,
  won: learnSingle,
  issued: (moment) => (isSingleUse(moment.event) ? learnSingle(moment) : learnFact(moment)),
  sent: (moment) => (isSingleUse(moment.event) ? learnSingle(moment) : undefined),
  rotated: (moment) => (isSingleUse(moment.event) ? undefined : learnFact(moment)),
  widened: (moment) => (isSingleUse(moment.event) ? undefined : learnFact(moment)),
  revoked: (moment) => (isSingleUse(moment.event) ? undefined : learnFact(moment)),
  purged: ({ memory, event, token }) =>
    token < 0 ? undefined : (isSingleUse(event) ? memory.singles : memory.tokens).blank(token),
  leaked: ({ event, memory, at }) =>
    event.tokenNo === 0 ? undefined : memory.exposures.expose(event.tokenNo, exposedAt(event) ?? at),
}

/** Since when a leak is public, where its report says so. */
function exposedAt({ detail }: EventRow): number | undefined {
  const said = /"(?:exposedAt|publicSince)":(\d{12,14})/.exec(detail)?.[1]
  return said === undefined ? undefined : Number(said)
}

function memoryOf(tables: Tables): Memory {
  return {
    ...tables,
    peers: createValues(tables.values),
    acts: createHabits(tables.habits),
    names: createNames(),
    exposures: createExposures(),
    sprays: new Map(),
    tenants: new Map(),
  }
}

function stepsBy(steps: readonly EntityStep[]): ReadonlyMap<Happening, readonly EntityStep[]> {
  const by = new Map<Happening, EntityStep[]>()
  for (const step of steps) for (const what of step.on) by.set(what, [...(by.get(what) ?? []), step])
  return by
}

function blankMoment(memory: Memory, lives: Lives, notice: FillableMoment['notice']): FillableMoment {
  return {
    event: blankEvent(),
    at: 0,
    second: 0,
    what: 'accepted',
    memory,
    lives,
    token: -1,
    source: -1,
    networkHigh: 0,
    networkLow: 0,
    client: 0,
    odd: {
      isLearned: false,
      isNewNetwork: false,
      isNewCountry: false,
      isNewClient: false,
      isNewScope: false,
      place: 0,
      clientBits: 0,
      scopeBits: 0,
    },
    notice,
  }
}

function refill(map: Map<number, number>, entries: readonly (readonly [number, number])[]): void {
  map.clear()
  for (const [key, value] of entries) map.set(key, value)
}
