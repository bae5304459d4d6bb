import { SUBJECT_CLASSES, type SubjectClass } from '../privacy/subject-classes.ts'
import { TrailError } from '../errors.ts'
import type { RecordReads } from '../records/records.ts'
import type { ErasurePolicy } from '../records/subjects.ts'

/** Setting of a tenant: what becomes of each class of data when its subject is erased. */
export const ERASURE_POLICY = 'privacy.erasure'

/** The policy of every class; what is not set is erased. */
export async function erasurePolicies(
  read: Pick<RecordReads, 'setting'>,
  tenantNo: number,
): Promise<readonly { readonly class: SubjectClass; readonly policy: ErasurePolicy }[]> {
  const set = parsePolicies(JSON.parse((await read.setting(tenantNo, ERASURE_POLICY)) ?? '{}'))
  return SUBJECT_CLASSES.map((of) => ({ class: of, policy: set[of] ?? { policy: 'erase' } }))
}

/** Checks a policy: `erase`, or kept until a date on a ground of law. */
export function parsePolicies(value: unknown): Partial<Record<SubjectClass, ErasurePolicy>> {
  if (typeof value !== 'object' || value === null) throw invalid('', 'an object of classes')
  const policies: Partial<Record<SubjectClass, ErasurePolicy>> = {}
  for (const [name, policy] of Object.entries(value)) {
    const of = SUBJECT_CLASSES.find((known) => known === name)
    if (!of) throw invalid(`/${name}`, `one of ${SUBJECT_CLASSES.join(', ')}`)
    policies[of] = parsePolicy(policy, `/${name}`)
  }
  return policies
}

function parsePolicy(value: unknown, input: string): ErasurePolicy {
  const { policy, until, ground } = (value ?? {}) as { policy?: unknown; until?: unknown; ground?: unknown }
  if (policy === 'erase') return { policy }
  const isKept = policy === 'keep' && Number.isSafeInteger(until) && typeof ground === 'string' && ground.trim() !== ''
  if (isKept) return { policy, until: Number(until), ground: ground.slice(0, GROUND_CHARS_MAX) }
  throw invalid(input, '{"policy":"erase"}, or {"policy":"keep"} with a date and the ground of law')
}

const GROUND_CHARS_MAX = 500

function invalid(input: string, expected: string): TrailError {
  return new TrailError('body_invalid', `Expected ${expected} at ${input === '' ? '/' : input}.`, { input })
}
