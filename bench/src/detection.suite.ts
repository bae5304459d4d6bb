/**
 * How good detection is on simulated tenants: `npm run bench -- detection [--seeds 1,2] [--tenants N] [--learn WEEKS] [--weeks WEEKS]
 * [--calls PER_DAY] [--attacks PER_TENANT] [--geo] [--note TEXT]`. Seeds 1 to 99 are for development, those from 1,000 on for releases.
 * Prints one JSON; a line of each scored run is kept in bench/detect/runs.jsonl.
 */
import { parseArgs } from 'node:util'
import { createEngine } from '../../server/src/detect/engine.ts'
import { createWorld, type World, type WorldOptions } from '../../server/src/simulate/world/world.ts'
import { firstSeen, fixedThresholds } from '../detect/baselines.ts'
import { attackFigures, cleanFigures } from '../detect/figures.ts'
import { keepRun } from '../detect/ledger.ts'
import { shuffled } from '../detect/null-test.ts'
import { runWorld, type Detecting, type Outcome } from '../detect/run.ts'
import { machineFacts, round } from './machine.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    tenants: { type: 'string', default: '4' },
    learn: { type: 'string', default: '4' },
    weeks: { type: 'string', default: '4' },
    calls: { type: 'string', default: '600' },
    attacks: { type: 'string', default: '12' },
    geo: { type: 'boolean', default: false },
    note: { type: 'string', default: '' },
  },
})
const seeds = values.seeds.split(',').map(Number)
const size = {
  tenants: Number(values.tenants),
  learnWeeks: Number(values.learn),
  judgedWeeks: Number(values.weeks),
  callsPerDay: Number(values.calls),
  geo: values.geo,
}
const attacksPerTenant = Number(values.attacks)
const tenantWeeks = seeds.length * size.tenants * size.judgedWeeks

const machine = machineFacts()
const started = performance.now()
const attacked = { engine: [] as Outcome[], fixed: [] as Outcome[], first: [] as Outcome[] }
const clean = { engine: [] as Outcome[], fixed: [] as Outcome[], first: [] as Outcome[] }
const nothing: Outcome[] = []
for (const seed of seeds) {
  for (const [into, attacks] of [
    [attacked, attacksPerTenant],
    [clean, 0],
  ] as const) {
    const make = () => world({ seed, attacksPerTenant: attacks })
    into.engine.push(watched(`seed ${seed}, ${attacks} attacks`, make(), engineOf))
    into.fixed.push(watched(`seed ${seed}, ${attacks} attacks, fixed thresholds`, make(), fixedThresholds))
    into.first.push(watched(`seed ${seed}, ${attacks} attacks, first seen`, make(), firstSeen))
  }
  const source = world({ seed, attacksPerTenant: 0 })
  nothing.push(watched(`seed ${seed}, times shuffled`, { ...shuffled(source, seed), timeZone: source.timeZone }, engineOf))
}

const result = {
  suite: 'detection',
  note: 'Simulated: no figure here speaks of attacks in the world.',
  machine,
  seeds,
  ...size,
  attacksPerTenant,
  seconds: round((performance.now() - started) / 1000),
  events: attacked.engine.reduce((sum, { events }) => sum + events, 0),
  microsPerEvent: round(attacked.engine.reduce((sum, { microsPerEvent }) => sum + microsPerEvent, 0) / seeds.length),
  attacked: attackFigures(attacked.engine),
  clean: cleanFigures(clean.engine, tenantWeeks),
  shuffled: cleanFigures(nothing, tenantWeeks),
  baselines: {
    fixedThresholds: { attacked: brief(attacked.fixed), clean: cleanFigures(clean.fixed, tenantWeeks) },
    firstSeen: { attacked: brief(attacked.first), clean: cleanFigures(clean.first, tenantWeeks) },
  },
}
keepRun(result, values.note)
process.stdout.write(`${JSON.stringify(result)}\n`)

function world(o: Pick<WorldOptions, 'seed' | 'attacksPerTenant'>): World {
  return createWorld({ ...size, ...o })
}

/** As the product runs it: knowing a tenant's time zone and nothing else than its events. */
function engineOf({ timeZone }: Pick<World, 'timeZone'>): Detecting {
  return createEngine({ timeZoneOf: timeZone })
}

type Watched = Pick<World, 'judgedFrom' | 'truths' | 'batches' | 'timeZone'>

function watched(name: string, seen: Watched, detecting: (seen: Watched) => Detecting): Outcome {
  const outcome = runWorld(seen, detecting(seen))
  process.stderr.write(`${name}: ${outcome.events} events, ${round(outcome.microsPerEvent)} µs each\n`)
  return outcome
}

function brief(outcomes: readonly Outcome[]) {
  const { recall, told, precision, provoked, afterMs } = attackFigures(outcomes)
  return { recall, told, precision, provoked, afterMs }
}
