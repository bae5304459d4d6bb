import { TYPES } from 'tokentrail'
import type { Milliseconds, TypeName } from 'tokentrail'
import type { AnchoredLog } from '../audit/anchors/anchors.ts'
import { startReconciliation } from '../audit/nightly.ts'
import type { NightlyParts, Reconciliation } from '../audit/nightly.ts'
import { watchAudit } from '../audit/watch.ts'
import type { AuditWatch } from '../audit/watch.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { blankEvent } from '../event/row.ts'
import type { EventRow } from '../event/row.ts'
import type { Journal } from '../journal/journal.ts'
import type { Tenant } from '../records/records.ts'

/** Compares nightly what was recorded with the log; the result is an event: 702 or 703. */
export function startNightly(
  o: Omit<NightlyParts, 'onResult'> & { readonly journal: Journal; readonly tenant: Tenant },
): Reconciliation {
  return startReconciliation({
    ...o,
    onResult: ({ at, isGood, checks }) => {
      const failed = checks.filter(({ state }) => state === 'fails').map(({ name, wrong }) => ({ check: name, wrong }))
      const said = isGood ? { check: 'reconcile' } : { check: `reconcile ${failed.map(({ check }) => check).join(' ')}`, failed }
      void o.journal.append(houseEvent(o.tenant, isGood ? 'audit.verified' : 'audit.verification_failed', at, said))
    },
  })
}

/** Watches the audit log; that it is in trouble, and that it is over, are events of the installation: 621 and 623. */
export function startAuditWatch(o: {
  readonly audit: AnchoredLog
  readonly reconciliation: Pick<Reconciliation, 'trouble'>
  readonly journal: Journal
  readonly tenant: Tenant
  readonly clock: Clock
  readonly log: Log
}): AuditWatch {
  const { audit, journal, tenant, clock, log } = o
  return watchAudit({
    audit,
    nightly: o.reconciliation.trouble,
    clock,
    log,
    onChange: ({ what, since }, isOver) => {
      const at = clock.now()
      const said = { sink: `audit ${what}`, lagMs: at - since }
      void journal.append(houseEvent(tenant, isOver ? 'sink.resumed' : 'sink.failed', at, said))
    },
  })
}

function houseEvent({ no, retention }: Tenant, type: TypeName, at: Milliseconds, detail: object): EventRow {
  return { ...blankEvent(), tenant: no, retention, type: TYPES[type].id, occurredAt: at, detail: JSON.stringify(detail) }
}
