import { OUTCOMES, reasonName, TYPES } from 'tokentrail'
import { describe, expect, test } from 'vitest'
import { VARIANTS, type Variant } from '../../../src/simulate/attacks/attack.ts'
import { SCENARIOS, type ScenarioName } from '../../../src/simulate/attacks/scenarios.ts'
import { labelOf, type Truth } from '../../../src/simulate/world/truth.ts'
import { createWorld, type World } from '../../../src/simulate/world/world.ts'
import type { EventRow } from '../../../src/event/row.ts'

const DAY_MS = 86_400_000
const NAMES = Object.keys(SCENARIOS) as ScenarioName[]
const FORMS = NAMES.flatMap((scenario) => VARIANTS.map((variant) => [scenario, variant] as const))

/** Every form of every attack once. */
function everyAttack(seed: number): { world: World; rows: readonly EventRow[] } {
  const tenants = 4
  const attacksPerTenant = Math.ceil(FORMS.length / tenants)
  const world = createWorld({ seed, tenants, learnWeeks: 2, judgedWeeks: 4, callsPerDay: 120, attacksPerTenant, geo: true })
  return { world, rows: [...world.batches()].flatMap((batch) => batch.rows) }
}

const { world, rows } = everyAttack(3)
const truthOf = (scenario: ScenarioName, variant: Variant): Truth => {
  const truth = world.truths.find((each) => each.scenario === scenario && each.variant === variant)
  if (!truth) throw new Error(`${scenario}, ${variant} did not happen`)
  return truth
}
const reasonsOf = ({ rows: own }: Truth): ReadonlySet<string> => new Set(own.map(({ reason }) => reasonName(reason) ?? ''))
const accepted = ({ rows: own }: Truth): readonly EventRow[] => own.filter(({ outcome }) => outcome === OUTCOMES.accepted)

describe('every attack', () => {
  test('there are at least twelve in two forms each, and all of them happen before one comes again', () => {
    expect(NAMES.length).toBeGreaterThanOrEqual(12)
    expect(new Set(world.truths.map(({ scenario, variant }) => `${scenario}/${variant}`)).size).toBe(FORMS.length)
  })

  test.each(FORMS)('%s, %s, leaves events while it is judged, and its truth names each of them', (scenario, variant) => {
    const label = labelOf(truthOf(scenario, variant))
    expect(label.events.length).toBeGreaterThan(0)
    expect(new Set(label.events).size).toBe(label.events.length)
    expect(label.from).toBeGreaterThanOrEqual(world.judgedFrom)
    expect(label.to).toBeLessThan(world.to)
    expect(label.to - label.from).toBeLessThanOrEqual((variant === 'overt' ? 1 : SCENARIOS[scenario].slowDays + 1) * DAY_MS)
    expect(label.tokens.length + label.owners.length + label.networks.length).toBeGreaterThan(
      scenario === 'trail silenced' ? -1 : 0,
    )
  })

  test('no event belongs to two attacks, and most belong to none', () => {
    const own = world.truths.flatMap((truth) => labelOf(truth).events)
    expect(new Set(own).size).toBe(own.length)
    expect(own.length).toBeLessThan(rows.length / 2)
  })

  test('the same seed gives the same truth', () => {
    expect(everyAttack(3).world.truths.map(labelOf)).toEqual(world.truths.map(labelOf))
  })

  test.each(['stolen abroad', 'own cloud', 'published', 'copy beside', 'exfiltration', 'scope probing'] as const)(
    '%s strikes a token that is in use all the while',
    (scenario) => {
      for (const variant of VARIANTS) {
        const truth = truthOf(scenario, variant)
        const [token] = labelOf(truth).tokens
        const mine = new Set<EventRow>(truth.rows)
        const before = rows.filter((row) => row.tokenNo === token && row.occurredAt < truth.from && !mine.has(row))
        expect(before.length).toBeGreaterThan(0)
      }
    },
  )
})

describe('single attacks', () => {
  test('a thief in the same cloud is in another network, and the patient one in the same, with the same client', () => {
    const quiet = truthOf('own cloud', 'slow')
    const [token] = labelOf(quiet).tokens
    const mine = new Set<EventRow>(quiet.rows)
    const owner = rows.filter((row) => row.tokenNo === token && !mine.has(row) && row.occurredAt < quiet.from)
    expect(owner.some(({ clientHash }) => clientHash === quiet.rows[0]?.clientHash)).toBe(true)
    expect(owner.some(({ asn }) => asn === quiet.rows[0]?.asn)).toBe(true)
  })

  test('a flood stands for millions in few rows, and its one hit is accepted', () => {
    const flood = truthOf('buried hit', 'overt')
    expect(flood.rows.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(1_000_000)
    expect(flood.rows.length).toBeLessThan(200)
    expect(accepted(flood)).toHaveLength(3)
  })

  test('a leaked list has living tokens in it', () => {
    for (const variant of VARIANTS) expect(accepted(truthOf('stuffing', variant)).length).toBeGreaterThanOrEqual(2)
  })

  test('who frames a stranger never shows its token', () => {
    for (const variant of VARIANTS) {
      const truth = truthOf('framing', variant)
      expect(reasonsOf(truth)).toEqual(new Set(['wrong_secret']))
      expect(truth.rows.every(({ tokenNo, claimedNo }) => tokenNo === 0 && claimedNo === truth.framed)).toBe(true)
    }
  })

  test('a patient thief comes while the owner sleeps, and the baseline is raised before it is used', () => {
    expect(accepted(truthOf('copy beside', 'slow')).length).toBeGreaterThan(10)
    const days = Map.groupBy(truthOf('poisoning', 'slow').rows, ({ occurredAt }) => Math.floor(occurredAt / DAY_MS))
    const counts = [...days.values()].map(({ length }) => length)
    expect(Math.max(...counts)).toBeGreaterThan(3 * (counts[counts.length >> 1] ?? 0))
  })

  test('a token that has ended is refused, whoever holds it', () => {
    expect(reasonsOf(truthOf('after the end', 'overt'))).toEqual(new Set(['revoked']))
    expect(reasonsOf(truthOf('after the end', 'slow'))).toEqual(new Set(['superseded']))
  })

  test('a replay names the use that won', () => {
    for (const variant of VARIANTS) {
      const { rows: own } = truthOf('replay', variant)
      const winner = own.find(({ type }) => type === TYPES['token.consumed'].id)
      const replays = own.filter(({ reason }) => reasonName(reason) === 'consumed')
      expect(replays.length).toBeGreaterThan(0)
      expect(replays.every(({ endedBySeq, sinceEndMs }) => endedBySeq === winner?.seq && sinceEndMs > 0)).toBe(true)
    }
  })

  test("an insider's tokens are issued by the attack itself", () => {
    const issued = truthOf('insider', 'overt').rows.filter(({ type }) => type === TYPES['token.issued'].id)
    expect(issued).toHaveLength(40)
    expect(new Set(issued.map(({ actorNo }) => actorNo)).size).toBe(1)
  })
})
