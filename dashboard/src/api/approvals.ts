import { request } from './http.ts'

/** What a second person agrees to. */
export interface Approval {
  readonly id: string
  readonly action: string
  /** What exactly will happen. */
  readonly params: Readonly<Record<string, unknown>>
  readonly ground: string
  readonly state: 'requested' | 'given' | 'refused' | 'spent' | 'lapsed'
  readonly requester?: string | null
  readonly requestedAt: string
  readonly lapsesAt: string
  readonly decider?: string | null
  readonly decidedAt: string | null
  readonly note: string | null
}

/** What an action answers that needs a second person: itself, or that it was asked for. */
export type Asked<Done> = Done | { readonly approval: Approval }

export async function readApprovals(signal?: AbortSignal): Promise<readonly Approval[]> {
  return (await request<{ items: readonly Approval[] }>('/v1/approvals', signal ? { signal } : {})).items
}

export function decideApproval(id: string, word: 'give' | 'refuse', note: string): Promise<Approval> {
  return request(`/v1/approvals/${id}/${word}`, { method: 'POST', body: note === '' ? {} : { note } })
}

export function isAsked(answer: unknown): answer is { readonly approval: Approval } {
  return typeof answer === 'object' && answer !== null && 'approval' in answer
}
