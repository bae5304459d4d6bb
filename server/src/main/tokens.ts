import { rewrapWebhooks } from '../detect/response/receivers.ts'
import { rewrapFactors } from '../access/second-factor.ts'
import type { TokenRecord } from '../records/records.ts'
import { startRetention } from '../retention/engine.ts'
import { openSubjects } from '../retention/subjects.ts'
import { openDenials } from '../tokens/denials.ts'
import { createIssuer } from '../tokens/issuer.ts'
import { createDoor } from '../tokens/open-door.ts'
import { startReconciling } from '../tokens/reconcile.ts'
import { startSweep } from '../tokens/sweep.ts'
import type { Base } from './base.ts'
import { startHousekeeping } from './house.ts'
import type { Trail } from './trail.ts'

/** The door and what issues and ends tokens; people whose data may go, and what goes by itself. */
export function openTokens(base: Base & Trail) {
  const { config, log, parts, clock, folder, kek, records, installTenantNo, privacy, audit } = base
  const rewraps = [() => rewrapFactors(records, kek), () => rewrapWebhooks({ records, kek, now: clock.now })]
  const subjects = parts.add(openSubjects({ ...base, keys: config.keys, tenantNo: installTenantNo, rewraps }))
  const retention = parts.add(startRetention(base))
  const denials = parts.add(openDenials({ file: folder.denied, clock, log }))
  // after a restored backup a token that has ended may seem alive
  const doubts = ({ role }: TokenRecord): boolean => role === null && audit.isHalted()
  const door = parts.add(createDoor({ ...base, denials, doubts, strict: config.validationStrict }))
  const issuer = createIssuer(base)
  parts.add(startReconciling({ denials, records, installTenantNo, clock, log }))
  parts.add(startSweep(base))
  parts.add(startHousekeeping({ records, privacy, clock, log }))
  return { subjects, retention, denials, door, issuer }
}

export type Tokens = ReturnType<typeof openTokens>
