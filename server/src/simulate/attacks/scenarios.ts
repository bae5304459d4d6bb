import type { Scenario } from './attack.ts'
import { ABUSE } from './abuse.ts'
import { GUESSING } from './guessing.ts'
import { INSIDER } from './insider.ts'
import { SINGLE_USE } from './single-use.ts'
import { THEFT } from './theft.ts'

/** Every attack that the simulator knows, by name. */
export const SCENARIOS = { ...GUESSING, ...THEFT, ...SINGLE_USE, ...ABUSE, ...INSIDER } as const satisfies Record<
  string,
  Scenario
>
export type ScenarioName = keyof typeof SCENARIOS
