import type { Asked } from './approvals.ts'
import { request } from './http.ts'

/** A pack that was asked for. */
export interface Pack {
  readonly id: string
  readonly pack: string
  readonly state: 'making' | 'ready' | 'failed' | 'expired'
  readonly progress: number | null
  readonly level: string
  readonly recipient: string
  readonly from: string
  readonly to: string
  readonly requestedAt: string
  readonly failure: string | null
  readonly bytes: number | null
}

export interface PackKind {
  readonly name: string
  readonly title: string
  readonly says: string
}

const options = (signal?: AbortSignal) => (signal ? { signal } : {})

export async function readPacks(signal?: AbortSignal): Promise<readonly Pack[]> {
  return (await request<{ items: readonly Pack[] }>('/v1/evidence/packs', { query: { limit: 20 }, ...options(signal) })).items
}

/** Packs that need nothing but a window. */
export async function readPackKinds(signal?: AbortSignal): Promise<readonly PackKind[]> {
  const { packs } = await request<{ packs: readonly (PackKind & { readonly params: readonly string[] })[] }>(
    '/v1/evidence',
    options(signal),
  )
  return packs.filter(({ params }) => params.length === 0)
}

export function makePack(body: object): Promise<Asked<Pack>> {
  return request('/v1/evidence/packs', { method: 'POST', body })
}

export function signReview(body: object): Promise<{ readonly id: string }> {
  return request('/v1/reviews', { method: 'POST', body })
}

/** The address of a pack's zip. */
export function packAddress(id: string): string {
  return `/v1/evidence/packs/${encodeURIComponent(id)}`
}
