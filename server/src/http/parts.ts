import type { Access } from '../access/access.ts'
import type { AnchoredLog } from '../audit/anchors/anchors.ts'
import type { Reconciliation } from '../audit/nightly.ts'
import type { Recovery } from '../audit/recovery.ts'
import type { AuditWatch } from '../audit/watch.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Ingest } from '../connect/ingest.ts'
import type { Desk } from '../detect/desk/desk.ts'
import type { LeakDesk } from '../detect/leaks/leak-desk.ts'
import type { Responder } from '../detect/response/responder.ts'
import type { ResponseDesk } from '../detect/response/settings.ts'
import type { WatchState } from '../detect/watch.ts'
import type { Journal } from '../journal/journal.ts'
import type { LiveHub } from '../live/hub.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Ask } from '../query/ask.ts'
import type { Records } from '../records/records.ts'
import type { EvidenceDesk } from '../report/evidence-desk.ts'
import type { RetentionEngine } from '../retention/engine.ts'
import type { Subjects } from '../retention/subjects.ts'
import type { Store } from '../store/store.ts'
import type { Denials } from '../tokens/denials.ts'
import type { Door } from '../tokens/door.ts'
import type { Issuer } from '../tokens/issuer.ts'

/** What the HTTP API stands on. */
export interface HttpParts {
  readonly records: Records
  readonly journal: Journal
  readonly store: Pick<Store, 'health' | 'query' | 'stream'>
  readonly door: Door
  readonly issuer: Issuer
  readonly ask: Ask
  readonly metrics: Metrics
  readonly desk: Desk
  readonly responder: Responder
  readonly responses: ResponseDesk
  readonly leaks: LeakDesk
  readonly live: LiveHub
  readonly ingest: Ingest
  readonly access: Access
  readonly denials: Denials
  readonly audit: AnchoredLog
  readonly recovery: Recovery
  readonly reconciliation: Pick<Reconciliation, 'run' | 'last'>
  readonly auditWatch: Pick<AuditWatch, 'health'>
  /** How detection is doing in this process; `undefined` before it has begun. */
  readonly detecting?: () => WatchState | undefined
  readonly subjects: Subjects
  readonly retention: RetentionEngine
  readonly evidence: EvidenceDesk
  readonly clock: Clock
  readonly log: Log
  /** Tenant that the installation begins with: it keeps what partners report and nobody knows. */
  readonly installTenantNo: number
  readonly version: string
  /** Folder of the built dashboard; without it only the API answers. */
  readonly dashboard?: string
  /** CIDRs whose `X-Forwarded-…` headers are believed; none by default. */
  readonly trustedProxies?: readonly string[]
  /** Address under which people reach the dashboard, where the request does not show it. */
  readonly publicUrl?: string
  /** A line in the log for every request, without address or query. */
  readonly logRequests?: boolean
}
