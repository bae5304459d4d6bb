/**
 * How good detection is on simulated tenants: `npm run bench -- detection [--seeds 1,2] [--tenants N] [--learn WEEKS] [--weeks WEEKS]
 * [--calls PER_DAY] [--attacks PER_TENANT] [--geo] [--parts LIST] [--note TEXT]`. Seeds 1 to 99 are for development, those from 1,000 on for releases.
 * Prints one JSON; a line of each scored run is kept in bench/detect/runs.jsonl.
 */
import { parseArgs } from 'node:util'
import { createEngine } from '../../server/src/detect/engine.ts'
import { createWorld, type World } from '../../server/src/simulate/world/world.ts'
import { firstSeen, fixedThresholds } from '../detect/baselines.ts'
import { attackFigures, cleanFigures } from '../detect/figures.ts'
import { keepRun } from '../detect/ledger.ts'
import { shuffled } from '../detect/null-test.ts'
import { runWorld, type Detecting, type Outcome } from '../detect/run.ts'
import { machineFacts, round } from './machine.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    tenants: { type: 'string', default: '2' },
    learn: { type: 'string', default: '4' },
    weeks: { type: 'string', default: '4' },
    calls: { type: 'string', default: '400' },
    attacks: { type: 'string', default: '12' },
    geo: { type: 'boolean', default: false },
    parts: { type: 'string', default: 'attacked,clean,shuffled,baselines' },
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
type Watched = Pick<World, 'judgedFrom' | 'truths' | 'batches' | 'timeZone'>
const tenantWeeks = seeds.length * size.tenants * size.judgedWeeks

const machine = machineFacts()
const started = performance.now()
const wants = (part: string): boolean => values.parts.split(',').includes(part)
const attacked: readonly Outcome[] = wants('attacked')
  ? seeds.map((seed) => run(`seed ${seed}, attacked`, world(seed), engineOf))
  : []
const clean: readonly Outcome[] = wants('clean') ? seeds.map((seed) => run(`seed ${seed}, clean`, world(seed, 0), engineOf)) : []
const nothing: readonly Outcome[] = wants('shuffled')
  ? seeds.map((seed) => run(`seed ${seed}, shuffled`, shuffledWorld(seed), engineOf))
  : []

const result = {
  suite: 'detection',
  note: 'Simulated: no figure here speaks of attacks in the world.',
  machine,
  seeds,
  ...size,
  attacksPerTenant,
  events: attacked.reduce((sum, { events }) => sum + events, 0),
  microsPerEvent: attacked.map(({ microsPerEvent }) => round(microsPerEvent)),
  attacked: wants('attacked') ? attackFigures(attacked) : null,
  clean: wants('clean') ? cleanFigures(clean, tenantWeeks) : null,
  shuffled: wants('shuffled') ? cleanFigures(nothing, tenantWeeks) : null,
  baselines: wants('baselines') ? { fixedThresholds: baseline(fixedThresholds), firstSeen: baseline(firstSeen) } : null,
  seconds: round((performance.now() - started) / 1000),
}
keepRun(result, values.note)
process.stdout.write(`${JSON.stringify(result)}\n`)

function baseline(make: () => Detecting) {
  const outcomes = seeds.map((seed) => run(`seed ${seed}, ${make.name}`, world(seed), make))
  const { recall, told, precision, provoked, afterMs } = attackFigures(outcomes)
  const quiet = seeds.map((seed) => run(`seed ${seed}, ${make.name}, clean`, world(seed, 0), make))
  return { recall, told, precision, provoked, afterMs, clean: cleanFigures(quiet, tenantWeeks) }
}

function world(seed: number, attacks = attacksPerTenant): World {
  return createWorld({ ...size, seed, attacksPerTenant: attacks })
}

function shuffledWorld(seed: number): Watched {
  const source = world(seed, 0)
  return { ...shuffled(source, seed), timeZone: source.timeZone }
}

/** As the product runs it: knowing a tenant's time zone and nothing else than its events. */
function engineOf({ timeZone }: Pick<World, 'timeZone'>): Detecting {
  return createEngine({ timeZoneOf: timeZone })
}

function run(name: string, watched: Watched, detecting: (watched: Watched) => Detecting): Outcome {
  const outcome = runWorld(watched, detecting(watched))
  process.stderr.write(`${name}: ${outcome.events} events, ${round(outcome.microsPerEvent)} µs each\n`)
  return outcome
}
