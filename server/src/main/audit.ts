import { join } from 'node:path'
import { OUTCOMES, TYPES } from 'tokentrail'
import type { AuditLog } from '../audit/audit.ts'
import type { Beat } from '../audit/heartbeat.ts'
import { openAudit } from '../audit/open.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { blankEvent } from '../event/row.ts'
import type { Journal } from '../journal/journal.ts'
import { createSeal } from '../privacy/seal.ts'
import type { SubjectKeys } from '../privacy/subject-keys.ts'
import type { Records, Tenant } from '../records/records.ts'

/** Opens the audit log over what the server has: it seals under the subjects' keys, and says in heartbeats how the journal stands. */
export function startAudit(o: {
  readonly records: Records
  readonly journal: Journal
  readonly subjectKeys: SubjectKeys
  readonly dir: string
  /** Folder of the keys. */
  readonly keys: string
  readonly tenant: Tenant
  readonly clock: Clock
  readonly log: Log
  readonly version: string
}): Promise<AuditLog> {
  const { records, journal, clock, log, version, dir, tenant } = o
  return openAudit({
    ...{ records, dir, clock, log, version },
    keyFile: join(o.keys, 'log-key'),
    seal: createSeal({ keys: o.subjectKeys }),
    beat: () => beatOf(journal),
    onAlarm: ({ shard, size, check, why }) => {
      const about = { tenant: tenant.no, retention: tenant.retention, occurredAt: clock.now(), outcome: OUTCOMES.none }
      const detail = JSON.stringify({ shard, size, check, why })
      void journal.append({ ...blankEvent(), ...about, type: TYPES['audit.verification_failed'].id, detail })
    },
  })
}

function beatOf(journal: Journal): Beat {
  return {
    journal: { writer: journal.writer, position: journal.position() },
    lost: Object.fromEntries(Object.entries(journal.conservation().dropped).map(([reason, count]) => [reason, count ?? 0])),
  }
}
