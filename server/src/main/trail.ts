import type { TypeName } from 'tokentrail'
import { startBatchRecording } from '../audit/batch-recorder.ts'
import { createRecovery } from '../audit/recovery.ts'
import { openJournal } from '../journal/open.ts'
import { startRelay } from '../journal/relay.ts'
import { watchTail } from '../journal/tail.ts'
import { startShipping } from '../ship/ship.ts'
import { migrateStore } from '../store/migrate.ts'
import { openStore } from '../store/open.ts'
import { logKeyFile, startAudit } from './audit.ts'
import { startAuditWatch, startNightly } from './audit-watch.ts'
import type { Base } from './base.ts'
import { noteSystemEvent } from './house.ts'

/** The way of an event: the journal, the store, what brings it from one to the other, and the log that proves it. */
export async function openTrail(base: Base & { readonly version: string }) {
  const { config, log, parts, clock, folder, records, subjectKeys, tenant, version } = base
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: clock.now() })
  const journal = parts.add(await openJournal({ file: folder.journal, writer, clock, bytesMax: config.journalBytesMax, log }))
  const { setAside } = journal.state()
  parts.add(await watchTail({ journal, tenant: tenant.no, retention: tenant.retention, clock, setAside }))
  const note = (type: TypeName, detail?: Readonly<Record<string, string>>): Promise<unknown> =>
    noteSystemEvent(journal, clock, tenant, type, detail)
  const storeAt = config.storeUrl === undefined ? {} : { url: config.storeUrl }
  const onRestart = (): void => void note('store.restarted')
  const store = parts.add(
    await openStore({ ...storeAt, dir: folder.store, memoryBytesMax: config.storeMemoryBytesMax, log, onRestart }),
  )
  await migrateStore(store)
  const shipping = parts.add(startShipping({ journal, journalFile: folder.journal, store: store.address, clock, log }))
  const relay = parts.add(startRelay({ records, journal, log }))

  const auditAt = { dir: folder.audit, keys: config.keys, config: config.auditConfig, tenant, version }
  const audit = parts.add(await startAudit({ ...auditAt, records, journal, subjectKeys, clock, log }))
  parts.add(await startBatchRecording({ shipping, records, audit, clock, log }))
  const compared = { read: records.read, keys: subjectKeys, dir: folder.audit, store, journal }
  const reconciliation = parts.add(startNightly({ ...compared, tenant, clock, log }))
  const auditWatch = parts.add(startAuditWatch({ audit, reconciliation, journal, tenant, clock, log }))
  const recovery = createRecovery({ records, journal, store, dir: folder.audit, keyFile: logKeyFile(config.keys), clock })
  return { journal, note, store, relay, audit, auditWatch, reconciliation, recovery }
}

export type Trail = Awaited<ReturnType<typeof openTrail>>
