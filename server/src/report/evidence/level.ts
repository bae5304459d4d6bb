import type { PackLevel } from '../../records/evidence.ts'
import type { Seen } from './question.ts'

/** How much an answer shows. */
export type EvidenceLevel = PackLevel

/** Which columns each level shows. Figures are counted over whole rows, whatever the level. */
export const SEEN_AT: Readonly<Record<EvidenceLevel, ReadonlySet<Seen>>> = {
  aggregate: new Set<Seen>(['aggregate']),
  pseudonymous: new Set<Seen>(['aggregate', 'pseudonymous']),
  identified: new Set<Seen>(['aggregate', 'pseudonymous', 'identified']),
}

/** What each level means, printed in every pack. */
export const LEVEL_SAYS: Readonly<Record<EvidenceLevel, string>> = {
  aggregate: 'figures alone; rows are left out',
  pseudonymous: 'rows by public ids and numbers; names of people and what people typed are left out',
  identified: 'rows with names of people and what people typed',
}
