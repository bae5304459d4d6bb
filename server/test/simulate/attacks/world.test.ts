import { createHash } from 'node:crypto'
import { FLAGS, OUTCOMES, POPULATIONS, reasonName, TYPES } from 'tokentrail'
import { describe, expect, test } from 'vitest'
import type { EventRow } from '../../../src/event/row.ts'
import { createWorld, type World, type WorldBatch, type WorldOptions } from '../../../src/simulate/world/world.ts'

const SMALL: WorldOptions = {
  seed: 5,
  tenants: 2,
  learnWeeks: 2,
  judgedWeeks: 4,
  callsPerDay: 120,
  attacksPerTenant: 0,
  geo: false,
}

function run(options: Partial<WorldOptions> = {}): { world: World; batches: WorldBatch[]; rows: EventRow[] } {
  const world = createWorld({ ...SMALL, ...options })
  const batches = [...world.batches()]
  return { world, batches, rows: batches.flatMap(({ rows }) => rows) }
}

function digestOf(rows: readonly EventRow[]): string {
  const hash = createHash('sha256')
  for (const row of rows)
    hash.update(JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))
  return hash.digest('hex')
}

describe('a clean world', () => {
  const { world, batches, rows } = run()

  test('is the same for a seed, to the last field of the last event', () => {
    expect(digestOf(run().rows)).toBe(digestOf(rows))
    expect(digestOf(run({ seed: 6 }).rows)).not.toBe(digestOf(rows))
  })

  test('comes in the order of the journal: numbered without a gap, each in the batch in which it arrived', () => {
    expect(rows.every(({ seq }, i) => seq === i + 1)).toBe(true)
    expect(rows.every((row, i) => i === 0 || arrivalOf(row) >= arrivalOf(rows[i - 1] as EventRow))).toBe(true)
    const strays = batches.filter(({ receivedAt, rows: some }) => some.some((row) => arrivalOf(row) >= receivedAt))
    expect(strays).toEqual([])
    expect(batches.at(-1)?.receivedAt).toBe(world.to)
  })

  test('knows no attack, and no event tells that it is simulated', () => {
    expect(world.truths).toEqual([])
    expect(rows.some(({ flags }) => (flags & FLAGS.simulated) !== 0)).toBe(false)
  })

  test('attributes what is known and fingerprints what is not, never both', () => {
    const printed = ({ fingerprint }: EventRow): boolean => fingerprint.some((byte) => byte !== 0)
    const uses = rows.filter(({ type }) => type === TYPES['token.validated'].id)
    expect(uses.filter((row) => row.population === POPULATIONS.attributed && (row.tokenNo === 0 || printed(row)))).toEqual([])
    expect(uses.filter((row) => row.population === POPULATIONS.unattributed && (row.tokenNo !== 0 || !printed(row)))).toEqual([])
  })

  test('links each use after an end to the event that ended the token', () => {
    const endings = new Map(rows.filter(({ type }) => ENDINGS.has(type)).map((row) => [`${row.writer}/${row.seq}`, row.tokenNo]))
    const after = rows.filter((row) => row.endedBySeq !== 0 && row.type === TYPES['token.validated'].id)
    expect(after.length).toBeGreaterThan(100)
    expect(after.filter((row) => endings.get(`${row.endedByWriter}/${row.endedBySeq}`) !== row.tokenNo)).toEqual([])
    expect(after.filter(({ sinceEndMs }) => sinceEndMs < 0)).toEqual([])
  })

  test('is awkward: stuck clients, forgotten hosts, scanners of mail, late batches, wrong clocks, load, migrations', () => {
    const repeated = Map.groupBy(
      rows.filter(({ population }) => population === POPULATIONS.unattributed),
      ({ fingerprint }) => Buffer.from(fingerprint).toString('hex'),
    )
    expect(Math.max(...[...repeated.values()].map(({ length }) => length))).toBeGreaterThan(150)
    expect(rows.filter(({ reason }) => reasonName(reason) === 'superseded').length).toBeGreaterThan(100)
    expect(rows.filter(({ flags, kind }) => (flags & FLAGS.check) !== 0 && kind === 2).length).toBeGreaterThan(20)
    expect(rows.filter(({ delayMs }) => delayMs > 12 * HOUR_MS).length).toBeGreaterThan(0)
    expect(rows.filter(({ flags }) => (flags & FLAGS.skewed) !== 0).length).toBeGreaterThan(100)
    expect(rows.filter(({ client }) => client === 'k6').length).toBe(2 * 1_500)
    const issued = rows.filter(({ type, kind }) => type === TYPES['token.issued'].id && kind === 1)
    const hours = Map.groupBy(issued, ({ tenant, occurredAt }) => `${tenant} ${Math.floor(occurredAt / HOUR_MS)}`)
    expect([...hours.values()].filter(({ length }) => length >= 50).length).toBeGreaterThanOrEqual(2)
  })

  test('uses a single-use token well once at most', () => {
    const consumed = rows.filter(({ type }) => type === TYPES['token.consumed'].id).map(({ tokenNo }) => tokenNo)
    expect(consumed.length).toBeGreaterThan(500)
    expect(new Set(consumed).size).toBe(consumed.length)
  })

  test('has networks with places only when there is a geo file', () => {
    expect(rows.some(({ asn, country }) => asn !== 0 || country !== '')).toBe(false)
    const placed = run({ geo: true }).rows.filter(({ network }) => network !== 0n)
    expect(placed.every(({ asn, country }) => asn > 0 && country !== '')).toBe(true)
    expect(new Set(placed.map(({ country }) => country)).size).toBeGreaterThan(3)
  })

  test('is what an attacked world is, but for the attacks', () => {
    const attacked = run({ attacksPerTenant: 6 })
    const accepted = (all: readonly EventRow[]): number => all.filter(({ outcome }) => outcome === OUTCOMES.accepted).length
    const hostile = attacked.world.truths.flatMap((truth) => truth.rows)
    expect(Math.abs(accepted(attacked.rows) - accepted(hostile) - accepted(rows)) / accepted(rows)).toBeLessThan(0.05)
  })
})

const HOUR_MS = 3_600_000
const ENDINGS: ReadonlySet<number> = new Set(
  (['token.revoked', 'token.rotated', 'token.consumed'] as const).map((name) => TYPES[name].id),
)

function arrivalOf({ occurredAt, delayMs }: EventRow): number {
  return occurredAt + delayMs
}
