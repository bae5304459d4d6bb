import { CATALOGUE, type ResponseStep } from '../catalogue.ts'
import type { Found, Severity } from '../finding.ts'

/** What is known of a detector by its name. */
export interface Described {
  readonly name: string
  readonly version: number
  readonly finds: string
  readonly sentence: string
  readonly techniques: readonly string[]
  readonly severity: Severity
  readonly exact: boolean
  readonly suggests: readonly ResponseStep[]
}

/** The catalogue's row of a detector; a rule of the user's own speaks by its name. */
export function described(name: string): Described {
  if (Object.hasOwn(CATALOGUE, name)) return { name, ...CATALOGUE[name as keyof typeof CATALOGUE] }
  return {
    name,
    version: 1,
    finds: `what the rule ${name.replace(/^rule:/, '')} describes`,
    sentence: `The rule ${name.replace(/^rule:/, '').replaceAll(/[{}]/g, '')} matched.`,
    techniques: [],
    severity: 'medium',
    exact: false,
    suggests: ['review'],
  }
}

/** What is known of the detector of a finding; a rule speaks for itself. */
export function describedOf({ detector, rule }: Pick<Found, 'detector' | 'rule'>): Described {
  const row = described(detector)
  if (!rule) return row
  const { version, title, sentence, techniques } = rule
  return { ...row, version, finds: title, sentence, techniques }
}

/** Every detector that the product ships, by name. */
export function catalogue(): readonly Described[] {
  return Object.keys(CATALOGUE).map(described)
}
