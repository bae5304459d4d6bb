import type { AnyEvidenceQuestion } from './question.ts'
import { authenticationFailures } from './questions/authentication-failures.ts'
import { authorizationFailures } from './questions/authorization-failures.ts'
import { capacity } from './questions/capacity.ts'
import { clock } from './questions/clock.ts'
import { cryptography } from './questions/cryptography.ts'
import { fieldCompleteness } from './questions/field-completeness.ts'
import { findingsToDisposition } from './questions/findings-to-disposition.ts'
import { leakResponse } from './questions/leak-response.ts'
import { logAccess } from './questions/log-access.ts'
import { logIntegrity } from './questions/log-integrity.ts'
import { logLifecycle } from './questions/log-lifecycle.ts'
import { offboardingLag } from './questions/offboarding-lag.ts'
import { privacyOperations } from './questions/privacy-operations.ts'
import { privilegedActions } from './questions/privileged-actions.ts'
import { retentionRuns } from './questions/retention-runs.ts'
import { reviews } from './questions/reviews.ts'
import { scopeExcess } from './questions/scope-excess.ts'
import { separationOfDuties } from './questions/separation-of-duties.ts'
import { sharedUse } from './questions/shared-use.ts'
import { staleTokens } from './questions/stale-tokens.ts'
import { tokenInventory } from './questions/token-inventory.ts'
import { tokenLifecycle } from './questions/token-lifecycle.ts'

/** Every evidence question by its name, in the order of their ids. */
export const EVIDENCE = {
  'token-inventory': tokenInventory,
  'token-lifecycle': tokenLifecycle,
  'offboarding-lag': offboardingLag,
  'stale-tokens': staleTokens,
  'scope-excess': scopeExcess,
  'authentication-failures': authenticationFailures,
  'authorization-failures': authorizationFailures,
  'privileged-actions': privilegedActions,
  'log-access': logAccess,
  'log-lifecycle': logLifecycle,
  'log-integrity': logIntegrity,
  clock,
  'retention-runs': retentionRuns,
  reviews,
  'findings-to-disposition': findingsToDisposition,
  'field-completeness': fieldCompleteness,
  'shared-use': sharedUse,
  'separation-of-duties': separationOfDuties,
  capacity,
  'privacy-operations': privacyOperations,
  cryptography,
  'leak-response': leakResponse,
} as const satisfies Record<string, AnyEvidenceQuestion>
export type EvidenceName = keyof typeof EVIDENCE

export const EVIDENCE_NAMES = Object.keys(EVIDENCE) as readonly EvidenceName[]
