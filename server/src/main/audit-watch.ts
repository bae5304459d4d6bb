import { TYPES } from 'tokentrail'
import type { AnchoredLog } from '../audit/anchors/anchors.ts'
import { watchAudit } from '../audit/watch.ts'
import type { AuditWatch } from '../audit/watch.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { blankEvent } from '../event/row.ts'
import type { Journal } from '../journal/journal.ts'
import type { Tenant } from '../records/records.ts'

/** Watches the audit log; that it is in trouble, and that it is over, are events of the installation: 621 and 623. */
export function startAuditWatch(o: {
  readonly audit: AnchoredLog
  readonly journal: Journal
  readonly tenant: Tenant
  readonly clock: Clock
  readonly log: Log
}): AuditWatch {
  const { audit, journal, tenant, clock, log } = o
  return watchAudit({
    ...{ audit, clock, log },
    onChange: ({ what, since }, isOver) => {
      const at = clock.now()
      const type = TYPES[isOver ? 'sink.resumed' : 'sink.failed'].id
      const detail = JSON.stringify({ sink: `audit ${what}`, lagMs: at - since })
      void journal.append({ ...blankEvent(), tenant: tenant.no, retention: tenant.retention, type, occurredAt: at, detail })
    },
  })
}
