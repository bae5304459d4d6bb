import type { Asked } from './approvals.ts'
import { request } from './http.ts'

/** Days for which events, sealed values and tombstones stay. */
export interface RetentionRules {
  readonly events: number
  readonly sealedValues: number
  readonly tombstones: number
}

/** What went, or would go. */
export interface Went {
  readonly class: string
  readonly cut: string
  readonly rows: number
  readonly keys: number
  readonly held: number
  readonly shared: boolean
}

export interface RetentionRun extends Went {
  readonly event: string
  readonly at: string
}

export interface Hold {
  readonly id: string
  readonly owner: string | null
  readonly token: string | null
  readonly ground: string
  readonly state: 'active' | 'released' | 'ended'
  readonly setAt: string
  readonly endsAt: string
}

const options = (signal?: AbortSignal) => (signal ? { signal } : {})
const items = async <Row>(path: string, signal?: AbortSignal): Promise<readonly Row[]> =>
  (await request<{ items: readonly Row[] }>(path, options(signal))).items

export function readRetention(signal?: AbortSignal): Promise<RetentionRules> {
  return request('/v1/retention', options(signal))
}

export function changeRetention(body: object): Promise<Asked<RetentionRules>> {
  return request('/v1/retention', { method: 'PUT', body })
}

export const readDue = (signal?: AbortSignal) => items<Went>('/v1/retention/due', signal)
export const readRuns = (signal?: AbortSignal) => items<RetentionRun>('/v1/retention/runs', signal)
export const readHolds = (signal?: AbortSignal) => items<Hold>('/v1/holds', signal)

export function setHold(body: object): Promise<Asked<Hold>> {
  return request('/v1/holds', { method: 'POST', body })
}

export function releaseHold(id: string, body: object): Promise<Asked<Hold>> {
  return request(`/v1/holds/${encodeURIComponent(id)}/release`, { method: 'POST', body })
}
