import type { Asked } from './approvals.ts'
import { csrf, request } from './http.ts'

export interface Grant {
  readonly id: string
  /** Public id of the token that has the role. */
  readonly token: string
  readonly role: string
  readonly scope: string
  readonly until: string | null
  readonly over: boolean
  readonly period: { readonly from: string; readonly to: string } | null
  readonly breakGlass: boolean
  readonly waived: boolean
  readonly grantedAt: string
}

export interface Person {
  readonly owner: string
  readonly name: string | null
  readonly grants: readonly Grant[]
  readonly conflicts: readonly (readonly string[])[]
  readonly overdueReviews: readonly string[]
  readonly secondFactor: boolean
  readonly sessions: number
}

export type Separation = 'enforced' | 'waived'

export interface People {
  readonly separation: Separation
  readonly people: readonly Person[]
}

export interface OpenSession {
  readonly id: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly current: boolean
}

const options = (signal?: AbortSignal) => (signal ? { signal } : {})

export function readPeople(signal?: AbortSignal): Promise<People> {
  return request('/v1/people', options(signal))
}

export function grantRole(body: object): Promise<Asked<Grant>> {
  return request('/v1/roles/grant', { method: 'POST', body })
}

export function removeRole(grant: string, ground: string): Promise<Grant> {
  return request('/v1/roles/remove', { method: 'POST', body: { grant, ground } })
}

export function setSeparation(separation: Separation, ground: string): Promise<{ readonly separation: Separation }> {
  return request('/v1/separation', { method: 'POST', body: { separation, ground } })
}

export async function readSessions(signal?: AbortSignal): Promise<readonly OpenSession[]> {
  return (await request<{ items: readonly OpenSession[] }>('/v1/sessions', options(signal))).items
}

export async function endSession(id: string): Promise<void> {
  await request(`/v1/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' })
}

export interface Factor {
  readonly active: boolean
  readonly provenAt: string | null
}

export function readFactor(signal?: AbortSignal): Promise<Factor> {
  return request('/v1/second-factor', options(signal))
}

/** The secret for an authenticator app, given once. */
export function beginFactor(): Promise<{ readonly secret: string; readonly uri: string }> {
  return request('/v1/second-factor', { method: 'POST', body: {} })
}

/** Proves the factor; the session goes on under a new id, and with a new value against forged requests. */
export async function proveFactor(code: string): Promise<void> {
  const { csrf: next } = await request<{ csrf?: string }>('/v1/second-factor/prove', { method: 'POST', body: { code } })
  if (next !== undefined) csrf.value = next
}

export async function removeFactor(code: string): Promise<void> {
  await request('/v1/second-factor/remove', { method: 'POST', body: { code } })
}
