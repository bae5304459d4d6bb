import { ACTORS, FLAGS, KINDS, POPULATIONS, reasonId, TYPES, type Milliseconds } from 'tokentrail'
import { blankEvent, type EventRow } from '../../event/row.ts'
import type { Privacy } from '../../privacy/privacy.ts'
import { createBeatRows } from '../beat-row.ts'
import type { Beat } from '../beat.ts'
import { OWNERS } from '../cast.ts'
import { BENIGN, PROMPT_MS, type Deed, type Moment } from '../deed.ts'
import { createErrands, type Errand } from '../errands.ts'
import { createRandom } from '../random.ts'
import { createStory, type Story, type TokenPlan } from '../story.ts'
import { createTraffic } from '../traffic.ts'
import type { Assault } from '../attacks/attack.ts'
import { AWKWARD, type Awkward } from './awkward.ts'
import { deedsOfErrand, withScanners, withSecondTab } from './errand-deeds.ts'
import { errandToken, lifeOf, worldToken, type WorldToken } from './life.ts'

/** One tenant of a world: its story with awkward habits and attacks, as deeds piece by piece, and as rows. */
export interface WorldTenant {
  readonly no: number
  readonly story: Story
  /** What happens in `[from, to)`; pieces must follow each other. */
  between(from: Milliseconds, to: Milliseconds): Deed[]
  /** The row of a deed, numbered; must be called in the order of the journal. */
  row(deed: Deed, writer: number, seq: number): EventRow
}

export interface TenantOptions {
  readonly no: number
  readonly seed: number
  readonly to: Milliseconds
  readonly days: number
  readonly calls: number
  readonly privacy: Pick<Privacy, 'source' | 'fingerprint'>
  /** Attacks on this story, each with its number; they may change lives. */
  readonly attack: (story: Story) => ReadonlyMap<number, Assault>
}

const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'America/Sao_Paulo', 'Europe/London']

export function createWorldTenant(options: TenantOptions): WorldTenant {
  const { no, privacy } = options
  const { story, awkward } = tellStory(options)
  const assaults = options.attack(story)
  const tokens: WorldToken[] = story.tokens.map((plan, place) => worldToken(no, story, plan, place, ownerNo(plan.owner.id)))
  const random = createRandom(`tenant/${options.seed}/${no}`)
  const rows = createBeatRows({ tenant: { no, retention: 2 }, privacy, random: random.fork('rows'), tokens })
  const dressing = random.fork('dress')
  const traffic = createTraffic(story, 'world', 1, (beat, caller) =>
    awkward.reduce((dressed, { dress }) => dress?.(dressed, caller, dressing) ?? dressed, beat),
  )
  const planned = byHour(story, [...plannedDeeds(), ...[...assaults].flatMap(([attack, assault]) => deedsOf(assault, attack))])

  function plannedDeeds(): Deed[] {
    const errands = createErrands(story)
      .filter(({ incident }) => incident === undefined)
      .map((errand) => withSecondTab(withScanners(errand, random), random))
    const stolen = new Set([...assaults.values()].flatMap(({ lives = [] }) => lives))
    const lives = story.tokens.flatMap((plan, place) => (stolen.has(place) ? [] : lifeOf(story, plan, place)))
    return [
      ...awkward.flatMap(({ beats = [], moments = [] }) => deedsOf({ beats, moments, errands: [] }, BENIGN)),
      ...deedsOf({ beats: [], moments: lives, errands }, BENIGN),
    ]
  }

  function deedsOf({ beats, moments = [], errands = [], lives = [] }: Assault, attack: number): Deed[] {
    const issued = lives.flatMap((place) => lifeOf(story, story.tokens[place] as TokenPlan, place))
    const lived = errands.map((errand) => deedsOfErrand(errand, addErrand(errand)))
    return [
      ...[...beats, ...lived.flatMap((each) => each.beats)].map((beat) => deedOf(beat, attack)),
      ...[...moments, ...issued, ...lived.flatMap((each) => each.moments)].map((moment): Deed => ({
        arrivesAt: moment.at + PROMPT_MS,
        attack,
        moment,
      })),
    ]
  }

  function addErrand(errand: Errand): number {
    return tokens.push(errandToken(no, errand, tokens.length, ownerNo(errand.ownerId))) - 1
  }

  function deedOf(beat: Beat, attack: number): Deed {
    const lateMs = awkward.reduce((sum, { late }) => sum + (late?.(beat) ?? 0), 0)
    return { arrivesAt: beat.at + PROMPT_MS + lateMs, attack, beat }
  }

  function between(from: Milliseconds, to: Milliseconds): Deed[] {
    return [...traffic.between(from, to).map((beat) => deedOf(beat, BENIGN)), ...(planned.get(from) ?? [])]
  }

  function row({ beat, moment, arrivesAt }: Deed, writer: number, seq: number): EventRow {
    const event = beat ? rows.row(beat) : momentRow(moment as Moment)
    event.writer = writer
    event.seq = seq
    event.delayMs = arrivesAt - event.occurredAt
    if (event.delayMs > SKEW_MS) event.flags |= FLAGS.skewed
    const token = tokens[beat?.token ?? moment?.token ?? -1]
    if (token && beat) spend(token, event, beat)
    if (token && moment) end(token, event)
    return event
  }

  function momentRow({ at, type, token: place, reason, actor, actorKind, ip, agent, detail }: Moment): EventRow {
    const event = blankEvent()
    const token = place === undefined ? undefined : tokens[place]
    event.tenant = no
    event.retention = 2
    event.type = TYPES[type].id
    event.reason = reasonId(reason ?? 'none')
    event.occurredAt = at
    event.actorNo = actor ? ownerNo(actor) : 0
    event.actorKind = ACTORS[actorKind ?? (actor ? 'person' : 'none')]
    event.detail = detail ? JSON.stringify(detail) : ''
    if (ip) Object.assign(event, privacy.source(no, at, ip, agent))
    if (token) Object.assign(event, aboutToken(token))
    return event
  }

  return { no, story, between, row }
}

/** Beyond this an event counts as late or from a wrong clock. */
const SKEW_MS = 300_000

function tellStory({ no, seed, to, days, calls }: TenantOptions): { story: Story; awkward: readonly Awkward[] } {
  const timeZone = ZONES[no % ZONES.length] ?? 'UTC'
  const told = createStory({ seed: seed * 1_000 + no, to, days, calls, surge: 1, timeZone })
  const random = createRandom(`awkward/${seed}/${no}`)
  const awkward = Object.entries(AWKWARD).map(([name, tell]) => tell(told, random.fork(name)))
  const factor = (at: Milliseconds): number => awkward.reduce((product, { growth }) => product * (growth?.(at) ?? 1), 1)
  return { awkward, story: { ...told, growth: (at) => told.growth(at) * factor(at) } }
}

/** Numbers of the cast. */
function ownerNo(ownerId: string): number {
  return OWNERS.findIndex(({ id }) => id === ownerId) + 1
}

function byHour({ from, to }: Story, deeds: readonly Deed[]): ReadonlyMap<Milliseconds, Deed[]> {
  const timeOf = ({ beat, moment }: Deed): Milliseconds => beat?.at ?? moment?.at ?? 0
  const inside = deeds.filter((deed) => timeOf(deed) >= from && timeOf(deed) < to)
  return Map.groupBy(inside, (deed) => from + Math.floor((timeOf(deed) - from) / PIECE_MS) * PIECE_MS)
}

/** Length of a piece of a world. */
export const PIECE_MS = 3_600_000

function aboutToken(token: WorldToken): Partial<EventRow> {
  const { no, ownerNo: owner, generation, environment, kind, canary } = token
  return {
    tokenNo: no,
    ownerNo: owner,
    generation,
    environment: environment ?? '',
    kind: KINDS[kind],
    population: POPULATIONS.attributed,
    flags: canary ? FLAGS.canary : 0,
  }
}

/** The one use that spends a single-use token is a critical event, and ends it. */
function spend(token: WorldToken, event: EventRow, { reason, check }: Beat): void {
  if (token.kind === 'access' || reason !== 'valid' || check) return
  event.type = TYPES['token.consumed'].id
  token.endedAt = event.occurredAt
  token.endedNetwork = event.network
  token.endedClientHash = event.clientHash
  link(token, event)
}

const ENDINGS: ReadonlySet<number> = new Set([TYPES['token.revoked'].id, TYPES['token.rotated'].id])

function end(token: WorldToken, event: EventRow): void {
  if (!ENDINGS.has(event.type)) return
  if (event.type === TYPES['token.revoked'].id) token.endedAt = event.occurredAt
  link(token, event)
}

function link(token: WorldToken, { writer, seq }: EventRow): void {
  token.endedByWriter = writer
  token.endedBySeq = seq
}
