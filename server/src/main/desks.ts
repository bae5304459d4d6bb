import { createAccess } from '../access/access.ts'
import { openSharedLimits } from '../access/limiters.ts'
import { startAccessDuties } from '../access/duties.ts'
import { createIngest } from '../connect/ingest.ts'
import { createDesk } from '../detect/desk/desk.ts'
import { createLeakDesk } from '../detect/leaks/leak-desk.ts'
import { createResponder } from '../detect/response/responder.ts'
import { createResponseSettings } from '../detect/response/settings.ts'
import { createLiveHub } from '../live/hub.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { createAsk } from '../query/ask.ts'
import { startViewerRelease } from '../query/viewer/release.ts'
import { createWebhook } from '../send/webhook.ts'
import type { Base } from './base.ts'
import { startEvidence } from './evidence.ts'
import { mailingOf } from './mailing.ts'
import type { Tokens } from './tokens.ts'
import type { Trail } from './trail.ts'

/** Where people ask and act: questions, findings and responses, leaks, evidence, and who may do so. */
export async function openDesks(base: Base & Trail & Tokens & { readonly version: string }) {
  const { config, parts, clock, folder, kek, records, installTenantNo, subjects, log } = base
  const ask = createAsk(base)
  parts.add(startViewerRelease(base))
  const desk = createDesk({ ...base, ask })
  const mail = mailingOf(config)
  const responder = parts.add(createResponder({ ...base, ask, send: createWebhook(), mail }))
  desk.onNotice((tenantNo, notice) => void responder.notice(tenantNo, notice))
  const responses = createResponseSettings({ records, clock, sendsMail: mail !== undefined, kek })
  const leaks = parts.add(createLeakDesk({ ...base, ask }))
  const metrics = createMetrics({ ...base, ask, citing: desk.citing })
  const live = parts.add(createLiveHub(base))
  const ingest = createIngest(base)
  const access = parts.add(createAccess({ ...base, ...sharedLimitsOf(base) }))
  parts.add(startAccessDuties({ records, clock, installTenantNo, log }))
  const evidenceAt = { dir: folder.packs, keys: config.keys }
  const evidence = parts.add(await startEvidence({ ...base, ...evidenceAt, reveals: subjects.reveals }))
  return { ask, desk, responder, responses, leaks, metrics, live, ingest, access, evidence }
}

/** Servers on one PostgreSQL count what is read together; each opens the counts by itself. */
function sharedLimitsOf({ config, parts, log }: Base) {
  if (config.recordsUrl === undefined) return {}
  return { sharedLimits: parts.add(openSharedLimits({ url: config.recordsUrl, log })) }
}

export type Desks = Awaited<ReturnType<typeof openDesks>>
