import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { createAccess, type Access, type AccessOptions } from '../../src/access/access.ts'
import type { Clock } from '../../src/clock.ts'
import { createIngest } from '../../src/connect/ingest.ts'
import { openKeys } from '../../src/config/keys.ts'
import { createDesk, type Desk } from '../../src/detect/desk/desk.ts'
import { createLeakDesk, type LeakDesk } from '../../src/detect/leaks/leak-desk.ts'
import { createResponder, type Mailing, type Responder } from '../../src/detect/response/responder.ts'
import { createResponseSettings } from '../../src/detect/response/settings.ts'
import { createWebhook, type SendWebhook } from '../../src/send/webhook.ts'
import { decodeFrame } from '../../src/event/frame.ts'
import type { EventRow } from '../../src/event/row.ts'
import type { HttpParts } from '../../src/http/parts.ts'
import { createHttp } from '../../src/http/server.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/open.ts'
import { startRelay } from '../../src/journal/relay.ts'
import { createLiveHub } from '../../src/live/hub.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { createSeal } from '../../src/privacy/seal.ts'
import { openSubjectKeys } from '../../src/privacy/subject-keys.ts'
import { createKeyEncryption } from '../../src/privacy/wrap.ts'
import { startBatchRecording } from '../../src/audit/batch-recorder.ts'
import { createRecovery } from '../../src/audit/recovery.ts'
import type { AuditLog } from '../../src/audit/audit.ts'
import { openAudit } from '../../src/audit/open.ts'
import { startReconciliation } from '../../src/audit/nightly.ts'
import { startEvidence } from '../../src/main/evidence.ts'
import { openPrivacy } from '../../src/privacy/pseudonyms.ts'
import { createAsk } from '../../src/query/ask.ts'
import { openRecords } from '../../src/records/open.ts'
import type { Actor, Records, Role, Tenant } from '../../src/records/records.ts'
import { startRetention } from '../../src/retention/engine.ts'
import { openSubjects } from '../../src/retention/subjects.ts'
import { startShipping } from '../../src/ship/ship.ts'
import { migrateStore } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { createIssuer, type Issuer } from '../../src/tokens/issuer.ts'
import { openDenials } from '../../src/tokens/denials.ts'
import { createDoor } from '../../src/tokens/open-door.ts'
import { startReconciling } from '../../src/tokens/reconcile.ts'

export const NOON = Date.UTC(2026, 10, 25, 12)
export const SYSTEM: Actor = { no: 0, kind: 'system' }
/** What the tests ask is no flood; those about limits say which. */
const ROOMY = {
  requestsPerPrincipal: 1e9,
  burstPerPrincipal: 0,
  requestsPerTenant: 1e9,
  costPerPrincipal: 1e9,
  costPerTenant: 1e9,
  anonymousPerSource: 1e9,
  packsPerPrincipal: 1e6,
  packsPerTenant: 1e6,
}

export const silentLog = { info() {}, warn() {}, error() {} }

interface StillClock extends Clock {
  move(ms: number): void
}

/** A whole server without a port: every part is real. */
export interface Front {
  readonly audit: AuditLog
  readonly app: FastifyInstance
  readonly records: Records
  readonly journal: Journal
  readonly store: Store
  readonly issuer: Issuer
  readonly access: Access
  readonly desk: Desk
  readonly responder: Responder
  readonly leaks: LeakDesk
  readonly clock: StillClock
  readonly own: Tenant
  readonly other: Tenant
  /** Errors that reached the log: nothing that a caller sends may add one. */
  readonly faults: object[]
  /** Text and id of a fresh access token. */
  token(o?: { role?: Role; tenant?: Tenant; owner?: string; scopes?: string[] }): Promise<{ text: string; id: string }>
  /** A request with a token, JSON in and out. */
  call(
    token: string | undefined,
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    url: string,
    body?: unknown,
    more?: InjectOptions,
  ): Promise<Reply>
  /** Every row that became durable. */
  rows(): Promise<EventRow[]>
  close(): Promise<void>
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number | string[] | undefined>>
  readonly text: string
  // Tests look into answers freely.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
}

export async function openFront(
  options: {
    access?: Partial<AccessOptions>
    http?: Partial<HttpParts>
    ship?: boolean
    send?: SendWebhook
    mail?: Mailing
  } = {},
): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-http-'))
  const clock = stillClock()
  const faults: object[] = []
  const log = { ...silentLog, error: (facts: object) => void faults.push(facts) }
  const records = await openRecords({ file: join(folder, 'records.db'), clock, log })
  const own = await records.act('addTenant', { id: 'default', name: 'Own', at: clock.now(), actor: SYSTEM })
  const other = await records.act('addTenant', { id: 'other', name: 'Other', at: clock.now(), actor: SYSTEM })
  const kek = createKeyEncryption(openKeys(join(folder, 'keys')).keks)
  const privacy = await openPrivacy({ records, kek, clock, log })
  for (const { no } of [own, other]) await privacy.prepare(no, clock.now())
  const writer = await records.act('leaseWriter', { purpose: 'journal', at: clock.now() })
  const journal = await openJournal({ file: join(folder, 'journal.db'), writer, clock, bytesMax: 1 << 26, log })
  const rows: EventRow[] = []
  journal.onJournalled(({ frame }) => void rows.push(...decodeFrame(frame)))
  const relay = startRelay({ records, journal, log })
  const tokenParts = { records, journal, privacy, clock, log, peppers: { newest: 0, byNo: new Map<number, Uint8Array>() } }
  const denials = openDenials({ file: join(folder, 'denied'), clock, log })
  const door = createDoor({ ...tokenParts, denials })
  const reconciling = startReconciling({ denials, records, installTenantNo: own.no, clock, log })
  const issuer = createIssuer(tokenParts)
  const store = await openStore({ dir: folder, memoryBytesMax: 1 << 30, log })
  await migrateStore(store)
  const shipping = options.ship
    ? startShipping({ journal, journalFile: join(folder, 'journal.db'), store: store.address, clock, log })
    : undefined
  const ask = createAsk({ store, records, journal, clock })
  const desk = createDesk({ records, journal, ask, clock, log })
  const responder = createResponder({ records, ask, clock, log, send: options.send ?? createWebhook(), mail: options.mail, kek })
  const responses = createResponseSettings({ records, clock, sendsMail: options.mail !== undefined, kek })
  const leaks = createLeakDesk({ ...tokenParts, ask, answerMs: 0 })
  const metrics = createMetrics({ ask, store, records, journal, clock, citing: desk.citing })
  const live = createLiveHub({ journal, records, clock })
  const ingest = createIngest({ records, journal, privacy, clock, log })
  const access = createAccess({
    ...tokenParts,
    door,
    issuer,
    kek,
    installTenantNo: own.no,
    ...options.access,
    limits: { ...ROOMY, ...options.access?.limits },
  })
  const subjectKeys = await openSubjectKeys({ file: join(folder, 'subject-keys.db'), kek })
  const audit = await openAudit({
    records,
    clock,
    log,
    version: '0.0.0-test',
    dir: join(folder, 'audit'),
    keyFile: join(folder, 'log-key'),
    seal: createSeal({ keys: subjectKeys }),
  })
  const subjects = openSubjects({
    records,
    subjectKeys,
    privacy,
    journal,
    store,
    clock,
    log,
    relay,
    audit,
    keys: join(folder, 'keys'),
    tenantNo: own.no,
  })
  const reconciled = { read: records.read, keys: subjectKeys, dir: join(folder, 'audit'), store, journal, clock, log }
  const reconciliation = startReconciliation(reconciled)
  const retention = startRetention({ records, subjectKeys, privacy, store, clock, log, audit })
  await subjects.erasure.start(async () => undefined)
  const evidence = await startEvidence({
    records,
    journal,
    store,
    audit,
    reveals: subjects.reveals,
    clock,
    log,
    tenant: own,
    version: '0.0.0-test',
    dir: join(folder, 'packs'),
    keys: join(folder, 'keys'),
  })
  const recorder = shipping ? await startBatchRecording({ shipping, records, audit, clock, log }) : undefined
  const parts: HttpParts = {
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
    installTenantNo: own.no,
    live,
    ingest,
    access,
    denials,
    audit: { ...audit, anchors: () => [] },
    recovery: createRecovery({ records, journal, store, dir: join(folder, 'audit'), keyFile: join(folder, 'log-key'), clock }),
    reconciliation,
    auditWatch: { health: () => ({ troubles: [], checkpointAgeMs: null, uncovered: 0 }) },
    subjects,
    retention,
    evidence,
    clock,
    log,
    version: '0.0.0-test',
    ...options.http,
  }
  const app = await createHttp(parts)

  return {
    app,
    audit,
    records,
    journal,
    store,
    issuer,
    access,
    desk,
    responder,
    leaks,
    clock,
    own,
    other,
    faults,
    async token({ role, tenant = own, owner = role ?? 'service', scopes = [] } = {}) {
      const input = { kind: 'access', owner, scopes, ...(role ? { role } : {}) } as const
      const { record, token } = await issuer.issue({ tenantNo: tenant.no, actor: SYSTEM, input })
      return { text: token, id: record.id }
    },
    async call(token, method, url, body, more = {}) {
      const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...more.headers }
      const payload = body === undefined ? {} : { payload: body as string }
      const answer = await app.inject({ method, url, ...payload, ...more, headers })
      return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: jsonOf(answer.body) }
    },
    async rows() {
      await relay.flush()
      await journal.flush()
      return rows
    },
    async close() {
      await app.close()
      await reconciling.close()
      denials.close()
      await evidence.close()
      await recorder?.close()
      await retention.close()
      await subjects.close()
      await audit.close()
      reconciliation.close()
      await subjectKeys.close()
      await responder.close()
      leaks.close()
      access.close()
      live.close()
      await relay.close()
      door.close()
      await shipping?.close()
      await journal.close()
      privacy.close()
      await store.close()
      await records.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function stillClock(): StillClock {
  let now = NOON
  return { now: () => now, ticks: () => now * 1000, move: (ms) => void (now += ms) }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
