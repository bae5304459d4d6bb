import { request } from './http.ts'
import type { Milliseconds, PlaceRow, Share, TokenRef, UseRow, Window } from './types.ts'

/** From the gravest down. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]
export type FindingState = 'open' | 'acknowledged' | 'suppressed' | 'closed'
export type Verdict = 'true_positive' | 'false_positive' | 'benign' | 'test' | 'duplicate' | 'unclear'
type Notice = 'sent' | 'held back' | 'none'

/** What a finding is about. */
export interface Subject {
  readonly kind: 'token' | 'source' | 'owner' | 'principal' | 'service' | 'tenant'
  readonly name: string
  readonly token?: TokenRef
}

/** A piece of a sentence: plain text, or a fact with what it is and where it leads. */
export interface SentencePart {
  readonly text: string
  readonly fact?: string
  readonly as?: 'text' | 'number' | 'share' | 'time' | 'duration' | 'network' | 'token' | 'owner' | 'event'
  readonly ref?: string
}

export interface Measured {
  readonly observed: number
  readonly expected: { readonly value: number; readonly low: number; readonly high: number } | null
  readonly score: { readonly value: number; readonly unit: 'bits' | '-log10 p' | 'exact' }
}

/** A finding as the server's resource. Times are RFC 3339. */
export interface Finding {
  readonly id: string
  readonly detector: string
  readonly version: number
  readonly finds: string
  readonly exact: boolean
  readonly severity: Severity
  readonly confidence: 'low' | 'medium' | 'high' | 'certain'
  readonly state: FindingState
  readonly verdict: Verdict | null
  readonly note: string | null
  readonly assignee: string | null
  readonly sentence: string
  readonly parts: readonly SentencePart[]
  readonly subject: Subject
  readonly measured: Measured
  readonly features: readonly string[]
  readonly unless: readonly string[]
  readonly evidence: readonly string[]
  readonly evidenceCount: number
  readonly caveats: readonly string[]
  readonly techniques: readonly string[]
  readonly suggests: readonly string[]
  readonly incidentId: string | null
  readonly repeats: number
  readonly notice: Notice
  readonly from: string
  readonly to: string
  readonly detectedAt: string
  readonly seenAt: string
}

/** What is known of the life of the token that a finding is about. */
interface Life {
  readonly token: TokenRef
  readonly issuedAt: string | null
  readonly ageMs: number | null
  readonly expiresAt: string | null
  readonly endedAt: string | null
  readonly rotations: number
  readonly scopes: readonly string[]
  readonly lastUsedAt: string | null
  readonly acceptedIn30d: number | null
  readonly lastUseKnown: boolean
}

/** Something known that changes traffic: a deploy, a campaign. */
export interface Mark {
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly service: string | null
  readonly from: string
  readonly to: string
}

export type FindingDetail = Finding & {
  readonly facts: Readonly<Record<string, { readonly as: string; readonly value: string | number; readonly text: string }>>
  readonly life: Life | null
  readonly marks: readonly Mark[]
}

export interface Incident {
  readonly id: string
  readonly severity: Severity
  readonly state: 'open' | 'closed'
  readonly title: string
  readonly findingsCount: number
  readonly notice: Notice
  readonly firstAt: string
  readonly lastAt: string
}

export interface Suppression {
  readonly id: string
  readonly state: 'active' | 'waits for approval'
  readonly endsAt: string
}

/** What would stop with a token. Times are milliseconds. */
export interface BlastRadius {
  readonly owner: { readonly id: string; readonly otherTokens: number }
  readonly services: readonly UseRow[]
  readonly clients: readonly UseRow[]
  readonly networks: readonly PlaceRow[]
  readonly share7d: Share | null
  readonly share28d: Share | null
  readonly lastUsedAt: Milliseconds | null
  readonly nextUse: { readonly at: Milliseconds; readonly by: 'hour of the week' | 'usual gap' } | null
}

export interface FindingQuery extends Partial<Window> {
  readonly state?: string
  readonly severity?: string
  readonly detector?: string
  readonly token?: string
  readonly incident?: string
  readonly zone?: string
  readonly cursor?: string
  readonly limit?: number
}

export interface FindingPage {
  readonly items: readonly Finding[]
  readonly next?: string
}

/** One page of findings, newest first. */
export function readFindings(query: FindingQuery, signal?: AbortSignal): Promise<FindingPage> {
  return request('/v1/findings', { query: { ...query }, signal })
}

export function readFinding(id: string, zone: string, signal?: AbortSignal): Promise<FindingDetail> {
  return request(pathOf(id), { query: { zone }, signal })
}

export interface IncidentPage {
  readonly items: readonly Incident[]
  /** Of the last 7 days, those that the budget let nobody be told of. */
  readonly heldBack: number
}

export function readIncidents(query: Partial<Window> & { readonly limit: number }, signal?: AbortSignal): Promise<IncidentPage> {
  return request('/v1/incidents', { query: { ...query }, signal })
}

export interface FindingCounts {
  /** Open and acknowledged ones by severity. */
  readonly open: Readonly<Partial<Record<Severity, number>>>
}

export function readFindingCounts(window: Window, signal?: AbortSignal): Promise<FindingCounts> {
  return request('/v1/findings/counts', { query: { ...window }, signal })
}

export function readDetectors(signal?: AbortSignal): Promise<{ readonly items: readonly { readonly name: string }[] }> {
  return request('/v1/detectors', { signal })
}

export function readBlastRadius(token: string, signal?: AbortSignal): Promise<BlastRadius> {
  return request(`/v1/tokens/${encodeURIComponent(token)}/blast-radius`, { signal })
}

export interface Triage {
  readonly state?: 'open' | 'acknowledged' | 'closed'
  readonly verdict?: Verdict
  readonly note?: string | null
}

/** Says what a finding is; with a verdict it closes. */
export function triageFinding(id: string, triage: Triage): Promise<Finding> {
  return request(`${pathOf(id)}/triage`, { method: 'POST', body: triage })
}

export interface SuppressWish {
  readonly reason: string
  readonly until: string
  readonly fact?: string
  readonly anySubject?: boolean
}

/** Tells nobody of such findings for a time. */
export function suppressFinding(
  id: string,
  wish: SuppressWish,
): Promise<{ readonly finding: Finding; readonly suppression: Suppression }> {
  return request(`${pathOf(id)}/suppress`, { method: 'POST', body: wish })
}

function pathOf(id: string): string {
  return `/v1/findings/${encodeURIComponent(id)}`
}
