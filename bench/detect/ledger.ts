import { createHash } from 'node:crypto'
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { attackFigures, cleanFigures } from './figures.ts'

type Noise = Pick<ReturnType<typeof cleanFigures>, 'incidentsPerTenantWeek' | 'notifiedPerTenantWeek'>

interface Scored {
  readonly seeds: readonly number[]
  readonly tenants: number
  readonly learnWeeks: number
  readonly judgedWeeks: number
  readonly callsPerDay: number
  readonly attacksPerTenant: number
  readonly geo: boolean
  readonly machine: { readonly commit: string }
  readonly attacked: Pick<ReturnType<typeof attackFigures>, 'recall' | 'told' | 'precision' | 'provoked'> | null
  readonly clean: Noise | null
  readonly shuffled: Noise | null
}

const ledger = fileURLToPath(new URL('runs.jsonl', import.meta.url))
const detect = fileURLToPath(new URL('../../server/src/detect', import.meta.url))

/** Appends a scored run, so that every figure that is published stands beside the number of tries it took. */
export function keepRun(run: Scored, note: string): void {
  const { seeds, tenants, learnWeeks, judgedWeeks, callsPerDay, attacksPerTenant, geo, attacked, clean, shuffled } = run
  const line = {
    at: new Date().toISOString(),
    what: 'simulated',
    note,
    digest: digestOfDetection(),
    commit: run.machine.commit,
    seeds,
    size: { tenants, learnWeeks, judgedWeeks, callsPerDay, attacksPerTenant, geo },
    ...(attacked && {
      recall: attacked.recall,
      told: attacked.told,
      precision: attacked.precision,
      provoked: attacked.provoked,
    }),
    ...(clean && { clean: noiseOf(clean) }),
    ...(shuffled && { shuffled: noiseOf(shuffled) }),
  }
  appendFileSync(ledger, `${JSON.stringify(line)}\n`)
}

function noiseOf({ incidentsPerTenantWeek, notifiedPerTenantWeek }: Noise) {
  return { incidents: incidentsPerTenantWeek, notified: notifiedPerTenantWeek }
}

/** Of everything that decides what is found: the text of the detectors. */
function digestOfDetection(): string {
  const hash = createHash('sha256')
  const files = readdirSync(detect, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  for (const name of files.toSorted()) hash.update(name).update(readFileSync(join(detect, name)))
  return hash.digest('hex').slice(0, 12)
}
