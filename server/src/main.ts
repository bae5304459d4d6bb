import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createAccess } from './access/access.ts'
import { startAccessDuties } from './access/duties.ts'
import { rewrapFactors } from './access/second-factor.ts'
import { startBatchRecording } from './audit/batch-recorder.ts'
import { createRecovery } from './audit/recovery.ts'
import { systemClock } from './clock.ts'
import { openDataFolder } from './config/data-folder.ts'
import { openKeys } from './config/keys.ts'
import { createIngest } from './connect/ingest.ts'
import { startDetecting } from './detect/watch.ts'
import { createDesk } from './detect/desk/desk.ts'
import { createLeakDesk } from './detect/leaks/leak-desk.ts'
import { createRuleDesk } from './detect/rules/rule-desk.ts'
import { createResponder } from './detect/response/responder.ts'
import { createResponseSettings } from './detect/response/settings.ts'
import { createWebhook } from './send/webhook.ts'
import { createHttp } from './http/server.ts'
import { openJournal } from './journal/open.ts'
import { watchTail } from './journal/tail.ts'
import { startRelay } from './journal/relay.ts'
import { createLiveHub } from './live/hub.ts'
import { logKeyFile, startAudit } from './main/audit.ts'
import { startAuditWatch, startNightly } from './main/audit-watch.ts'
import { startDemo } from './main/demo.ts'
import { startEvidence } from './main/evidence.ts'
import { noteSystemEvent, startHousekeeping, startingDetail, warmCache } from './main/house.ts'
import { installTenant, provideAdminToken } from './main/install.ts'
import { listen } from './main/listen.ts'
import { mailingOf } from './main/mailing.ts'
import { createParts } from './main/parts.ts'
import { createMetrics } from './metrics/metrics.ts'
import { openPrivacy } from './privacy/pseudonyms.ts'
import { openSubjectKeys } from './privacy/subject-keys.ts'
import { createKeyEncryption } from './privacy/wrap.ts'
import { createAsk } from './query/ask.ts'
import { startViewerRelease } from './query/viewer/release.ts'
import { openRecords } from './records/open.ts'
import { startRetention } from './retention/engine.ts'
import { openSubjects } from './retention/subjects.ts'
import { startShipping } from './ship/ship.ts'
import { migrateStore } from './store/migrate.ts'
import { openStore } from './store/open.ts'
import { createIssuer } from './tokens/issuer.ts'
import { openDenials } from './tokens/denials.ts'
import { createDoor } from './tokens/open-door.ts'
import { startReconciling } from './tokens/reconcile.ts'
import { startSweep } from './tokens/sweep.ts'
import type { TypeName } from 'tokentrail'
import type { Config } from './config/config.ts'
import type { Log } from './config/log.ts'
import type { Found } from './detect/finding.ts'
import type { Parts } from './main/parts.ts'
import type { TokenRecord } from './records/records.ts'
import type { Door } from './tokens/door.ts'
import type { Issuer } from './tokens/issuer.ts'

export { readConfig } from './config/config.ts'
export { createLog } from './config/log.ts'
export type { Config, ConfigOptions } from './config/config.ts'
export type { Log, LogLevel } from './config/log.ts'
export type { Door, ValidationRequest, Verdict } from './tokens/door.ts'
export type { Issuer } from './tokens/issuer.ts'

/** A running server. */
export interface Tokentrail {
  readonly url: string
  /** The tenant that an installation begins with. */
  readonly tenantNo: number
  /** Validates in this process. */
  readonly door: Door
  /** Issues, changes and ends tokens in this process. */
  readonly issuer: Issuer
  readonly data: string
  /** File that holds the admin token (0600). */
  readonly adminTokenFile: string
  /** A link that signs the admin in to the dashboard, once. */
  signIn(): Promise<string>
  /** Answers what is under way and closes every part in the reverse order of opening. */
  close(): Promise<void>
}

export interface OpenOptions {
  /** Plants a simulated tenant and its live traffic; hears of the progress. */
  readonly demo?: (line: string) => void
}

const DASHBOARD = fileURLToPath(new URL('../../dashboard/dist', import.meta.url))
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** The whole product: opens each part and hands it what it needs. What fails to open closes what was opened before it. */
export async function openTokentrail(config: Config, log: Log, options: OpenOptions = {}): Promise<Tokentrail> {
  const parts = createParts(log)
  try {
    return await openParts(config, log, options, parts)
  } catch (error) {
    await parts.close()
    throw error
  }
}

async function openParts(config: Config, log: Log, options: OpenOptions, parts: Parts): Promise<Tokentrail> {
  const clock = systemClock
  const folder = parts.add(openDataFolder(config.data))
  const { keks, peppers } = openKeys(config.keys)
  const kek = createKeyEncryption(keks)
  const recordsAt = config.recordsUrl === undefined ? { file: folder.records } : { url: config.recordsUrl }
  const records = parts.add(await openRecords({ ...recordsAt, clock, log }))
  const keysAt = config.subjectKeysUrl === undefined ? { file: folder.subjectKeys } : { url: config.subjectKeysUrl }
  const subjectKeys = parts.add(await openSubjectKeys({ ...keysAt, kek }))
  const tenant = await installTenant(records, clock, options.demo !== undefined)
  const privacy = parts.add(await openPrivacy({ records, kek, clock, log }))
  await privacy.prepare(tenant.no, clock.now())

  const writer = await records.act('leaseWriter', { purpose: 'journal', at: clock.now() })
  const journal = parts.add(await openJournal({ file: folder.journal, writer, clock, bytesMax: config.journalBytesMax, log }))
  parts.add(
    await watchTail({ journal, tenant: tenant.no, retention: tenant.retention, clock, setAside: journal.state().setAside }),
  )
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
  const auditWatch = parts.add(startAuditWatch({ audit, journal, tenant, clock, log }))
  const reconciliation = parts.add(startNightly({ read: records.read, store, journal, tenant, clock, log }))
  const people = { records, subjectKeys, privacy, journal, store, clock, log, relay, audit }
  const subjects = parts.add(
    openSubjects({ ...people, keys: config.keys, tenantNo: tenant.no, rewraps: [() => rewrapFactors(records, kek)] }),
  )
  const retention = parts.add(startRetention(people))

  const tokenParts = { records, journal, privacy, clock, log, peppers: { newest: Math.max(0, ...peppers.keys()), byNo: peppers } }
  const denials = parts.add(openDenials({ file: folder.denied, clock, log }))
  const doubts = ({ role }: TokenRecord): boolean => role === null && audit.isHalted()
  const door = parts.add(createDoor({ ...tokenParts, denials, doubts, strict: config.validationStrict }))
  parts.add(startReconciling({ denials, records, installTenantNo: tenant.no, clock, log }))
  const issuer = createIssuer(tokenParts)
  parts.add(startSweep({ records, journal, clock, log }))
  parts.add(startHousekeeping({ records, privacy, clock, log }))

  const ask = createAsk({ store, records, journal, clock })
  parts.add(startViewerRelease({ records, store, clock, log }))
  const desk = createDesk({ records, journal, ask, clock, log })
  const mail = mailingOf(config)
  const responder = parts.add(createResponder({ records, ask, clock, log, send: createWebhook(), mail }))
  desk.onNotice((tenantNo, notice) => void responder.notice(tenantNo, notice))
  const responses = createResponseSettings({ records, clock, sendsMail: mail !== undefined })
  const leaks = parts.add(createLeakDesk({ ...tokenParts, ask }))
  const metrics = createMetrics({ ask, store, records, journal, clock, citing: desk.citing })
  const live = parts.add(createLiveHub({ journal, records, clock }))
  const ingest = createIngest({ records, journal, privacy, clock, log })
  const access = parts.add(createAccess({ ...tokenParts, door, issuer, kek, installTenantNo: tenant.no }))
  parts.add(startAccessDuties({ records, clock, installTenantNo: tenant.no, log }))
  const evidenceAt = { dir: folder.packs, keys: config.keys, tenant, version }
  const evidence = parts.add(
    await startEvidence({ ...evidenceAt, records, journal, store, audit, reveals: subjects.reveals, clock, log }),
  )
  const http = parts.add(
    await createHttp({
      records,
      journal,
      store,
      door,
      issuer,
      ask,
      metrics,
      desk,
      responder,
      responses,
      leaks,
      installTenantNo: tenant.no,
      live,
      ingest,
      access,
      denials,
      audit,
      recovery: createRecovery({ records, journal, store, dir: folder.audit, keyFile: logKeyFile(config.keys), clock }),
      auditWatch,
      reconciliation,
      subjects,
      retention,
      evidence,
      clock,
      log,
      version,
      dashboard: DASHBOARD,
      trustedProxies: config.trustedProxies,
      ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
    }),
  )

  const admin = await provideAdminToken({ records, issuer, file: folder.adminToken, tenant })
  await journal.register('detect')
  if (options.demo) parts.add(await startDemo({ records, journal, door, privacy, clock, log, tenant, say: options.demo }))
  const watching = {
    journal,
    journalFile: folder.journal,
    records,
    clock,
    log,
    checkpointFile: folder.detection,
    rules: createRuleDesk({ records, store, clock }).assignments,
    onFound: async (found: readonly Found[]) => {
      await desk.take(found)
      await responder.consider(found)
    },
  }
  const watch = parts.add(await startDetecting({ ...watching, history: options.demo !== undefined }))
  leaks.onExposed(watch.exposed)
  await subjects.erasure.start(async (subject) => {
    await watch.forget(subject)
    await evidence.forget(subject.tenantNo)
  })
  void warmCache(door, records, log)
  const url = await listen(http, config)
  await note('system.started', startingDetail(version, DASHBOARD))
  return {
    url,
    tenantNo: tenant.no,
    door,
    issuer,
    data: config.data,
    adminTokenFile: folder.adminToken,
    signIn: async () => (config.publicUrl ?? url) + (await access.signInLink(admin)).path,
    close: async () => {
      await note('system.stopped')
      await parts.close()
    },
  }
}
