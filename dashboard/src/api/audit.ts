import { request } from './http.ts'
import type { EventView } from './types.ts'

/** How the audit log stands (`GET /v1/audit`). What the whole install sees of it is optional here. */
export interface AuditState {
  readonly shard: string
  readonly origin: string
  /** The log's public key, as verifiers take it. */
  readonly vkey: string
  readonly size: number
  readonly checkpoint: { readonly size: number; readonly root: string; readonly at: string } | null
  readonly halted: string | null
  readonly failure?: string | null
  readonly waiting?: number
  readonly lagMs?: number
  readonly dropped?: number
  readonly publish: string
  readonly shards: readonly AuditShard[]
  readonly anchors?: readonly AuditAnchor[]
}

export interface AuditShard {
  readonly name: string
  readonly origin: string
  readonly vkey: string
  readonly openedAt: string
  readonly closedAt: string | null
  readonly size: number
}

/** A witness or another copy outside the operator's reach. */
export interface AuditAnchor {
  readonly name: string
  readonly kind: string
  readonly size: number | null
  readonly at: string | null
  readonly failures: number
  readonly failure: string | null
}

/** An entry as it was recorded; `raw` are its exact bytes. */
export interface LogEntry {
  readonly shard: string
  readonly index: number
  readonly entry: Readonly<Record<string, unknown>>
  readonly raw: string
}

export interface LogEntryPage {
  readonly items: readonly LogEntry[]
  readonly next?: string
}

export interface LogEntryQuery {
  readonly type?: string | undefined
  /** `deeds`: without what the log says of itself. */
  readonly only?: 'deeds' | undefined
  readonly from?: string
  readonly to?: string
  readonly limit?: number
  readonly cursor?: string
}

export async function readReadings(query: { readonly from: string; readonly to: string }, signal?: AbortSignal) {
  const options = { query: { ...query, limit: READINGS }, ...(signal ? { signal } : {}) }
  return (await request<{ items: readonly EventView[] }>('/v1/readings', options)).items
}

const READINGS = 20

export function readAudit(signal?: AbortSignal): Promise<AuditState> {
  return request('/v1/audit', signal ? { signal } : {})
}

export function readLogEntries(query: LogEntryQuery, signal?: AbortSignal): Promise<LogEntryPage> {
  return request('/v1/audit/entries', { query: { ...query }, ...(signal ? { signal } : {}) })
}
