import { request } from './http.ts'
import type { TokenKind, TokenState } from './types.ts'

/** A token as the server's resource. Times are RFC 3339. */
export interface Token {
  readonly id: string
  readonly kind: TokenKind
  readonly state: TokenState
  readonly name: string | null
  readonly owner: string
  readonly environment: string | null
  readonly role: string | null
  readonly scopes: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  readonly cidrs: readonly string[]
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly issuedAt: string | null
  readonly knownSince: string | null
  readonly notBefore: string | null
  readonly expiresAt: string | null
  readonly usesMax: number | null
  readonly usesLeft: number | null
  readonly rateLimit: { readonly count: number; readonly windowMs: number } | null
  readonly action: string | null
  readonly resource: string | null
  readonly attemptsMax: number | null
  readonly attemptsUsed: number
  readonly channel: string | null
  readonly generation: number
  readonly graceUntil: string | null
  readonly suspendedAt: string | null
  readonly endedAt: string | null
  readonly ending: string | null
  readonly endingReason: string | null
  readonly canary: boolean
  readonly observed: boolean
}

/** One token together with every generation of its rotation, oldest first. */
export type TokenWithFamily = Token & { readonly family: readonly string[] }

export interface TokenPage {
  readonly items: readonly Token[]
  readonly next?: string
}

export interface TokenQuery {
  readonly search?: string
  readonly kind?: string
  readonly state?: string
  readonly cursor?: string
  readonly limit?: number
}

/** One page of the inventory, newest first. */
export function readTokens(query: TokenQuery, signal?: AbortSignal): Promise<TokenPage> {
  return request('/v1/tokens', { query: { ...query }, signal })
}

export function readToken(id: string, signal?: AbortSignal): Promise<TokenWithFamily> {
  return request(pathOf(id), { signal })
}

/** What can be done to a token. `rotate` answers with the successor's text, once. */
export interface TokenActions {
  rotate: { readonly graceSeconds: number; readonly reason: 'scheduled' | 'by_hand' | 'after_finding' }
  revoke: { readonly reason: string; readonly note?: string; readonly family?: boolean }
  suspend: { readonly note?: string }
  resume: Readonly<Record<string, never>>
}
export type TokenAction = keyof TokenActions

export function actOnToken<A extends TokenAction>(id: string, action: A, body: TokenActions[A]): Promise<TokenActionAnswer> {
  return request(`${pathOf(id)}/${action}`, { method: 'POST', body })
}

export interface TokenActionAnswer {
  readonly id?: string
  /** The text of a successor, given once. */
  readonly token?: string
}

function pathOf(id: string): string {
  return `/v1/tokens/${encodeURIComponent(id)}`
}
