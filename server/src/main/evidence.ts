import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AnchoredLog } from '../audit/anchors/anchors.ts'
import type { AuditLog } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Journal } from '../journal/journal.ts'
import type { Records, Tenant } from '../records/records.ts'
import { createAskEvidence } from '../report/evidence/ask.ts'
import { createLogReader } from '../report/evidence/log-reader.ts'
import { openEvidenceDesk, type EvidenceDesk } from '../report/evidence-desk.ts'
import { createCounted } from '../report/pack/counted.ts'
import { createDisclose } from '../report/pack/disclose.ts'
import { unwitnessedOf } from '../report/pack/unwitnessed.ts'
import { openReportKey } from '../report/report-key.ts'
import type { Reveals } from '../retention/reveals.ts'
import type { Store } from '../store/store.ts'
import { SEPARATION } from '../records/actions/separation.ts'

/** Opens what evidence is asked with and packs are made with, over what the server has. */
export async function startEvidence(o: {
  readonly records: Records
  readonly journal: Journal
  readonly store: Store
  readonly audit: AuditLog & Pick<AnchoredLog, 'witnesses'>
  readonly reveals: Pick<Reveals, 'disclose'>
  readonly clock: Clock
  readonly log: Log
  readonly tenant: Tenant
  readonly version: string
  readonly dir: string
  /** Folder of the keys. */
  readonly keys: string
}): Promise<EvidenceDesk> {
  const { records, audit, clock, tenant } = o
  const { origin } = await audit.state()
  const install = origin.replace(/^tokentrail\.([^/]+).*$/, '$1')
  const { read } = records
  const separation = async () => ((await read.setting(tenant.no, SEPARATION)) === 'enforced' ? 'enforced' : 'waived')
  return openEvidenceDesk({
    records,
    clock,
    log: o.log,
    audit,
    dir: o.dir,
    build: {
      ask: createAskEvidence({ ...o, installTenantNo: tenant.no, log: createLogReader(read) }),
      key: openReportKey({ file: join(o.keys, 'report-key'), install }),
      version: o.version,
      isInstall: (tenantNo) => tenantNo === tenant.no,
      separation,
      log: { read, audit, disclose: createDisclose(o.reveals), witnesses: audit.witnesses ?? [] },
      unwitnessed: (part) => unwitnessedOf(read, part, clock.now()),
      counted: createCounted({ records, store: o.store, clock }),
      page: () => readFile(PAGE).catch(() => undefined),
    },
  })
}

const PAGE = fileURLToPath(new URL('../../../dashboard/dist/verify.html', import.meta.url))
