import { TYPES, typeName } from 'tokentrail'
import type { TypeName } from 'tokentrail'

/** How a type stands in the audit log: as a leaf of its own, as one row of a batch leaf, or not at all. */
export type LeafForm = 'own' | 'batch' | 'none'

/** Counted types that an auditor must see by name. */
const NAMED: ReadonlySet<TypeName> = new Set<TypeName>([
  'system.started',
  'system.stopped',
  'store.restarted',
  'clock.skewed',
  'sink.failed',
  'sink.paused',
  'sink.resumed',
  'loss.declared',
  'gap.found',
  'gap.filled',
  'coalescing.started',
  'coalescing.ended',
  'audit.checkpointed',
  'audit.verified',
  'audit.verification_failed',
  'audit.read',
])

/** Every type has one form, so that no event is counted twice: a batch covers exactly the types of the form `batch`. */
export function leafForm(type: TypeName): LeafForm {
  const promise = TYPES[type].class
  if (promise === 'critical' || NAMED.has(type)) return 'own'
  return promise === 'counted' ? 'batch' : 'none'
}

const NOT_IN_BATCH: ReadonlySet<number> = new Set(
  Object.values(TYPES)
    .map(({ id }) => id)
    .filter((id) => leafForm(typeName(id)) !== 'batch'),
)

/** Whether rows of this type are covered by batches; types that this version does not know are. */
export function isInBatch(type: number): boolean {
  return !NOT_IN_BATCH.has(type)
}

/** Types that no batch covers, for questions to the store. */
export const TYPES_NOT_IN_BATCH: readonly number[] = [...NOT_IN_BATCH]
