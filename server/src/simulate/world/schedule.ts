import type { Milliseconds } from 'tokentrail'
import { VARIANTS, type Variant } from '../attacks/attack.ts'
import { SCENARIOS, type ScenarioName } from '../attacks/scenarios.ts'
import { createRandom } from '../random.ts'
import { DAY_MS } from '../rhythm.ts'
import type { WorldOptions } from './world.ts'

/** One attack before it happens. */
export interface Planned {
  readonly attack: number
  readonly scenario: ScenarioName
  readonly variant: Variant
  readonly tenant: number
  readonly from: Milliseconds
  readonly until: Milliseconds
}

const OVERT_DAYS = 1
const EDGE_MS = DAY_MS / 4

/** Deals attacks to tenants in turn, so that each form comes equally often, and begins each at a moment that leaves it its time. */
export function scheduleAttacks(
  { seed, tenants, attacksPerTenant }: Pick<WorldOptions, 'seed' | 'tenants' | 'attacksPerTenant'>,
  judgedFrom: Milliseconds,
  to: Milliseconds,
): readonly Planned[] {
  const random = createRandom(`schedule/${seed}`)
  const forms = (Object.keys(SCENARIOS) as ScenarioName[]).flatMap((scenario) =>
    VARIANTS.map((variant) => ({ scenario, variant })),
  )
  const stride = 1 + 2 * Math.floor(forms.length / 5)
  return Array.from({ length: tenants * attacksPerTenant }, (_, attack) => {
    const form = forms[(attack * strideOf(stride, forms.length) + seed) % forms.length] as (typeof forms)[number]
    const days = form.variant === 'overt' ? OVERT_DAYS : SCENARIOS[form.scenario].slowDays
    const latest = Math.max(judgedFrom + EDGE_MS, to - EDGE_MS - days * DAY_MS)
    const from = Math.floor(random.between(judgedFrom + EDGE_MS, latest))
    return { attack, ...form, tenant: 1 + Math.floor(attack / attacksPerTenant), from, until: Math.min(to, from + days * DAY_MS) }
  })
}

/** The nearest step from `wanted` upwards that visits every form before the first comes again. */
function strideOf(wanted: number, count: number): number {
  const divides = (a: number, b: number): number => (b === 0 ? a : divides(b, a % b))
  let stride = wanted
  while (divides(stride, count) !== 1) stride++
  return stride
}
