import type { Asked } from './approvals.ts'
import { request } from './http.ts'

export interface Erasure {
  readonly id: string
  readonly state: 'begun' | 'done'
  readonly classes: readonly string[]
  readonly kept: readonly { readonly class: string; readonly until: string; readonly ground: string }[]
  readonly values: number
  readonly keysDigest: string
  readonly begunAt: string
  readonly doneAt: string | null
  readonly deadInBackupsFrom: string
}

export interface Restriction {
  readonly owner: string
  readonly ground: string
  readonly at: string
}

export interface Pseudonym {
  readonly domain: string
  readonly value: string
  readonly until: string | null
}

const options = (signal?: AbortSignal) => (signal ? { signal } : {})
const subject = (owner: string): string => `/v1/subjects/${encodeURIComponent(owner)}`

export async function readErasures(signal?: AbortSignal): Promise<readonly Erasure[]> {
  return (await request<{ items: readonly Erasure[] }>('/v1/subjects/erasures', options(signal))).items
}

export async function readRestrictions(signal?: AbortSignal): Promise<readonly Restriction[]> {
  return (await request<{ items: readonly Restriction[] }>('/v1/subjects/restrictions', options(signal))).items
}

export function eraseSubject(owner: string, body: object): Promise<Asked<Erasure>> {
  return request(`${subject(owner)}/erase`, { method: 'POST', body })
}

export function restrictSubject(owner: string, restricted: boolean, ground: string): Promise<{ restricted: boolean }> {
  return request(`${subject(owner)}/restrict`, { method: 'POST', body: { restricted, ground } })
}

/** The address of everything held about a person, as a zip. */
export function subjectExport(owner: string): string {
  return `${subject(owner)}/export`
}

export function lookUp(body: object): Promise<Asked<{ readonly pseudonyms: readonly Pseudonym[] }>> {
  return request('/v1/privacy/pseudonym', { method: 'POST', body })
}
