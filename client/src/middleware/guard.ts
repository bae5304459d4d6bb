import { STATUS_OF } from '../validator.ts'
import { bearerToken, present } from '../capture.ts'
import type { RequestFacts } from '../capture.ts'
import type { RejectionClass, TokenKind } from '../event.ts'
import type { Tokentrail } from '../tokentrail.ts'
import type { Validated, ValidatedToken } from '../validator.ts'

/** What a route asks of a token; the same options in every framework. */
export interface GuardOptions {
  readonly kind?: TokenKind
  readonly scopes?: readonly string[]
  readonly action?: string
  readonly resource?: string
  /** Header that carries the token; by default `Authorization: Bearer …`. */
  readonly header?: string
  /** When the server cannot be reached: refuse (default) or let pass and record `failed_open`. */
  readonly whenUnavailable?: 'refuse' | 'allow'
}

/** How a guarded request ends. */
export type Passage =
  | { readonly passed: true; readonly token: ValidatedToken | undefined }
  | {
      readonly passed: false
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: Problem
    }

/** Problem details (RFC 9457). */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly code: RejectionClass
}

/** Reads one header; names are lower case. */
export type HeaderReader = (name: string) => string | undefined

/** Judges one request. Never rejects. */
export async function guard(
  trail: Tokentrail,
  options: GuardOptions,
  facts: RequestFacts,
  header: HeaderReader,
): Promise<Passage> {
  const token = options.header ? header(options.header.toLowerCase()) : bearerToken(header('authorization'))
  if (token === undefined) return MISSING
  const request = present({
    ...facts,
    kind: options.kind,
    scopes: options.scopes,
    action: options.action,
    resource: options.resource,
  })
  const answer = await trail.validate({ ...request, token })
  if (answer.verdict === 'accepted') return { passed: true, token: answer.token }
  if (answer.answer === 'unavailable' && options.whenUnavailable === 'allow') return failOpen(trail, facts)
  return refusal(answer, options)
}

/** Who shows no credential is told how to, and no more (RFC 6750 §3.1). */
const MISSING: Passage = {
  passed: false,
  status: 401,
  headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', 'www-authenticate': 'Bearer' },
  body: { type: 'about:blank', title: 'A valid token is needed', status: 401, code: 'invalid' },
}

function failOpen(trail: Tokentrail, facts: RequestFacts): Passage {
  trail.record({ ...present(facts), outcome: 'accepted', reason: 'failed_open' })
  return { passed: true, token: undefined }
}

const TITLES = {
  invalid: 'A valid token is needed',
  forbidden: 'The token does not permit this',
  throttled: 'Too many requests',
  unavailable: 'The token cannot be checked at the moment',
} as const satisfies Record<RejectionClass, string>

function refusal(answer: Validated, options: GuardOptions): Passage {
  const code = answer.answer === 'accepted' ? 'unavailable' : answer.answer
  const status = STATUS_OF[code]
  return {
    passed: false,
    status,
    headers: headersOf(code, answer, options),
    body: { type: 'about:blank', title: TITLES[code], status, code },
  }
}

/** `WWW-Authenticate` as in RFC 6750 §3, `Retry-After` as in RFC 9110 §10.2.3. */
function headersOf(code: RejectionClass, answer: Validated, options: GuardOptions): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (code === 'invalid') headers['www-authenticate'] = 'Bearer error="invalid_token"'
  if (code === 'forbidden') headers['www-authenticate'] = `Bearer error="insufficient_scope"${scopeHint(options.scopes)}`
  if (code === 'throttled' || code === 'unavailable')
    headers['retry-after'] = String(Math.max(1, Math.ceil((answer.retryAfterMs ?? 1000) / 1000)))
  return headers
}

function scopeHint(scopes: readonly string[] | undefined): string {
  return scopes && scopes.length > 0 ? `, scope="${scopes.join(' ')}"` : ''
}
