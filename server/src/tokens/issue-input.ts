import type { EndingReason, Milliseconds, RotationReason, TokenKind } from 'tokentrail'
import { CODE_DIGITS, FACT_REASONS } from 'tokentrail'
import { TrailError, type ErrorCode } from '../errors.ts'
import { ROLES, type NewToken, type Role } from '../records/records.ts'
import type { Rate } from './allowance.ts'
import { canonicalCidr } from './cidr.ts'

/** What a caller asks for. Names are those of `POST /v1/tokens`, and errors point to them. */
export interface IssueInput {
  /** By default an access token. */
  readonly kind?: TokenKind
  /** Id of the owner; made as needed. */
  readonly owner: string
  readonly name?: string | null
  readonly environment?: string | null
  readonly scopes?: readonly string[]
  readonly metadata?: Readonly<Record<string, string>>
  readonly cidrs?: readonly string[]
  readonly origins?: readonly string[]
  readonly methods?: readonly string[]
  readonly notBefore?: Milliseconds | null
  readonly expiresAt?: Milliseconds | null
  /** Instead of `expiresAt`. By default action tokens live 30 minutes, validation tokens 24 hours, codes 10 minutes, access tokens until they are ended. */
  readonly ttlSeconds?: number
  readonly usesMax?: number | null
  readonly rateLimit?: Rate | null
  /** Action tokens: the one action, and the resource, they are good for. */
  readonly action?: string | null
  readonly resource?: string | null
  /** Validation tokens: how many wrong secrets lock it, and the channel it proves. */
  readonly attemptsMax?: number | null
  readonly channel?: string | null
  /** Validation tokens: a code of so many digits instead of a secret. */
  readonly codeDigits?: number | null
  readonly canary?: boolean
  readonly simulated?: boolean
  readonly role?: Role | null
  /** Who agreed to a role that needs a second person. */
  readonly roleApproval?: { readonly id: string | null; readonly params: string; readonly ground?: string }
}

/** What may be changed of a living token. */
export type ChangeInput = Partial<
  Pick<IssueInput, 'name' | 'metadata' | 'scopes' | 'cidrs' | 'origins' | 'methods' | 'expiresAt' | 'rateLimit' | 'canary'>
>

/** The checked parts of a new token; what only the issuer knows (id, secret, times) is missing. */
export type CheckedInput = Omit<NewToken, 'tenantNo' | 'id' | 'prefix' | 'scheme' | 'digest' | 'salt' | 'issuedAt'>

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Longest and default life by kind, in ms. Access tokens live until they are ended, unless told otherwise. */
const LIVES = {
  access: { max: 3660 * DAY_MS, usual: null },
  action: { max: 30 * DAY_MS, usual: 30 * MINUTE_MS },
  validation: { max: 30 * DAY_MS, usual: DAY_MS },
  code: { max: DAY_MS, usual: 10 * MINUTE_MS },
} as const
const ATTEMPTS = { secret: { max: 100, usual: 10 }, code: { max: 10, usual: 5 } } as const

/** Checks what is asked for; throws a `TrailError` that names the field, what was expected and what to do. */
export function checkIssue(input: IssueInput, now: Milliseconds): CheckedInput {
  const kind = kindOf(input.kind)
  checkFieldsOfKind(input, kind)
  const notBefore = timeOf('notBefore', input.notBefore)
  const expiresAt = expiryOf(input, kind, now)
  if (notBefore !== null && expiresAt !== null && notBefore >= expiresAt)
    throw invalid('notBefore', 'expected a time before expiresAt', 'time_invalid')
  return {
    ...checkChange(input, now),
    kind,
    ownerId: textOf('owner', input.owner, 200),
    environment: optional('environment', input.environment, 64),
    notBefore,
    expiresAt,
    usesMax: countOf('usesMax', input.usesMax, 1_000_000_000),
    action: kind === 'action' ? textOf('action', input.action, 200) : null,
    resource: optional('resource', input.resource, 1000),
    attemptsMax: attemptsOf(input, kind),
    channel: optional('channel', input.channel, 64),
    canary: input.canary ?? false,
    simulated: input.simulated ?? false,
    role: roleOf(input.role),
    ...(input.roleApproval ? { roleApproval: input.roleApproval } : {}),
  }
}

type CheckedChange = {
  -readonly [Field in keyof ChangeInput]: NonNullable<ChangeInput[Field]> | Extract<ChangeInput[Field], null>
}

/** Checks the fields that can also be changed later; those not given stay out. */
export function checkChange(input: ChangeInput, now: Milliseconds): CheckedChange {
  const checked: CheckedChange = {}
  if (input.name !== undefined) checked.name = optional('name', input.name, 200)
  if (input.metadata !== undefined) checked.metadata = metadataOf(input.metadata)
  if (input.scopes !== undefined) checked.scopes = listOf('scopes', input.scopes, 100, scopeOf)
  if (input.cidrs !== undefined) checked.cidrs = listOf('cidrs', input.cidrs, 100, cidrOf)
  if (input.origins !== undefined) checked.origins = listOf('origins', input.origins, 100, originOf)
  if (input.methods !== undefined) checked.methods = listOf('methods', input.methods, 20, methodOf)
  if (input.rateLimit !== undefined) checked.rateLimit = rateOf(input.rateLimit)
  if (input.canary !== undefined) checked.canary = flagOf('canary', input.canary)
  if (input.expiresAt !== undefined) checked.expiresAt = futureOf('expiresAt', input.expiresAt, now, LIVES.access.max)
  return checked
}

/** Reason of a revocation; `unspecified` when none is given. */
export function endingReasonOf(reason: string | undefined): EndingReason {
  return reasonOf(reason ?? 'unspecified', 'ending') as EndingReason
}

/** Reason of a rotation; `by_hand` when none is given. */
export function rotationReasonOf(reason: string | undefined): RotationReason {
  return reasonOf(reason ?? 'by_hand', 'rotation') as RotationReason
}

/** A free text of an action, as a note; `undefined` stays so. */
export function noteOf(note: string | undefined): string | undefined {
  return note === undefined ? undefined : textOf('note', note, 500)
}

/** A time in ms that lies ahead, or null. */
export function futureOf(field: string, value: unknown, now: Milliseconds, lifeMsMax: number): Milliseconds | null {
  const at = timeOf(field, value)
  if (at === null) return null
  if (at <= now) throw invalid(field, 'expected a time in the future', 'time_invalid')
  if (at - now > lifeMsMax)
    throw invalid(field, `expected at most ${Math.round(lifeMsMax / MINUTE_MS)} minutes from now`, 'time_invalid')
  return at
}

/** A text without control characters, in Unicode's composed form. */
export function textOf(field: string, value: unknown, charsMax: number): string {
  if (typeof value !== 'string') throw invalid(field, 'expected a text')
  if (!value.isWellFormed() || UNPRINTABLE.test(value)) throw invalid(field, 'expected a text without control characters')
  const text = value.normalize('NFC')
  if (text.trim() === '' || text.length > charsMax) throw invalid(field, `expected 1 to ${charsMax} characters`)
  return text
}

/** A time in ms, or null. */
export function timeOf(field: string, value: unknown): Milliseconds | null {
  if (value === undefined || value === null) return null
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > TIME_MAX) {
    throw invalid(field, 'expected milliseconds since 1970, between 1970 and 2200', 'time_invalid')
  }
  return value
}

/** An error that points to a field. */
export function invalid(field: string, expected: string, code: ErrorCode = 'body_invalid'): TrailError {
  return new TrailError(code, `${field}: ${expected}.`, { input: `/${field}` })
}

const TIME_MAX = Date.UTC(2200, 0, 1)
/** Control characters, line and paragraph breaks, and what reverses the direction of text. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u
const METADATA = { keysMax: 32, keyCharsMax: 64, valueCharsMax: 512 } as const
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

function kindOf(kind: string | undefined): TokenKind {
  const known = TOKEN_KINDS.find((name) => name === (kind ?? 'access'))
  if (!known) throw invalid('kind', `expected ${TOKEN_KINDS.join(', ')}`)
  return known
}

const TOKEN_KINDS: readonly TokenKind[] = ['access', 'action', 'validation']

/** Fields that mean nothing for a kind are refused rather than dropped. */
function checkFieldsOfKind(input: IssueInput, kind: TokenKind): void {
  for (const [field, kinds] of FIELD_KINDS) {
    const value = input[field]
    if (value !== undefined && value !== null && !kinds.includes(kind)) {
      throw invalid(field, `expected only for ${kinds.join(' and ')} tokens`)
    }
  }
}

const FIELD_KINDS: readonly (readonly [field: keyof IssueInput, kinds: readonly TokenKind[]])[] = [
  ['usesMax', ['access']],
  ['role', ['access']],
  ['action', ['action']],
  ['resource', ['access', 'action']],
  ['attemptsMax', ['validation']],
  ['channel', ['action', 'validation']],
  ['codeDigits', ['validation']],
]

function expiryOf(input: IssueInput, kind: TokenKind, now: Milliseconds): Milliseconds | null {
  const { max, usual } = LIVES[codeDigitsOf(input.codeDigits) === null ? kind : 'code']
  if (input.ttlSeconds === undefined) {
    if (input.expiresAt === undefined) return usual === null ? null : now + usual
    if (input.expiresAt === null && kind !== 'access')
      throw invalid('expiresAt', `expected a time: ${kind} tokens always end`, 'time_invalid')
    return futureOf('expiresAt', input.expiresAt, now, max)
  }
  if (input.expiresAt !== undefined && input.expiresAt !== null)
    throw invalid('ttlSeconds', 'expected either ttlSeconds or expiresAt, not both', 'time_invalid')
  const seconds = input.ttlSeconds
  if (!Number.isSafeInteger(seconds) || seconds < 1)
    throw invalid('ttlSeconds', 'expected whole seconds, at least 1', 'time_invalid')
  return futureOf('ttlSeconds', now + seconds * 1000, now, max)
}

/** Digits of a short code, or null. */
export function codeDigitsOf(value: unknown): number | null {
  const digits = countOf('codeDigits', value, CODE_DIGITS.max)
  if (digits !== null && digits < CODE_DIGITS.min)
    throw invalid('codeDigits', `expected ${CODE_DIGITS.min} to ${CODE_DIGITS.max}`)
  return digits
}

function attemptsOf(input: IssueInput, kind: TokenKind): number | null {
  if (kind !== 'validation') return null
  const { max, usual } = ATTEMPTS[codeDigitsOf(input.codeDigits) === null ? 'secret' : 'code']
  return countOf('attemptsMax', input.attemptsMax, max) ?? usual
}

function optional(field: string, value: unknown, charsMax: number): string | null {
  return value === undefined || value === null ? null : textOf(field, value, charsMax)
}

function countOf(field: string, value: unknown, max: number): number | null {
  if (value === undefined || value === null) return null
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > max) {
    throw invalid(field, `expected a whole number from 1 to ${max}`)
  }
  return value
}

function flagOf(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(field, 'expected true or false')
  return value
}

function rateOf(value: Rate | null): Rate | null {
  if (value === null) return null
  if (typeof value !== 'object') throw invalid('rateLimit', 'expected { count, windowMs }')
  const count = countOf('rateLimit/count', value.count, 1_000_000)
  const windowMs = countOf('rateLimit/windowMs', value.windowMs, DAY_MS)
  if (count === null || windowMs === null) throw invalid('rateLimit', 'expected both count and windowMs')
  return { count, windowMs }
}

function roleOf(role: Role | null | undefined): Role | null {
  if (role === undefined || role === null) return null
  if (!ROLES.includes(role)) throw invalid('role', `expected one of ${ROLES.join(', ')}`, 'role_invalid')
  return role
}

function reasonOf(reason: string, of: string): string {
  const known: Readonly<Record<string, { readonly of: string }>> = FACT_REASONS
  if (Object.hasOwn(known, reason) && known[reason]?.of === of) return reason
  const names = Object.keys(known).filter((name) => known[name]?.of === of)
  throw invalid('reason', `expected one of ${names.join(', ')}`)
}

function metadataOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('metadata', 'expected an object of texts')
  const entries = Object.entries(value)
  if (entries.length > METADATA.keysMax) throw invalid('metadata', `expected at most ${METADATA.keysMax} keys`)
  return Object.fromEntries(entries.map(([key, text]) => [keyOf(key), metadataValueOf(key, text)]))
}

function keyOf(key: string): string {
  if (FORBIDDEN_KEYS.has(key) || !/^[\w.:/-]+$/.test(key) || key.length > METADATA.keyCharsMax) {
    throw invalid('metadata', `expected keys of 1 to ${METADATA.keyCharsMax} letters, digits and . _ : / -`)
  }
  return key
}

function metadataValueOf(key: string, value: unknown): string {
  return value === '' ? '' : textOf(`metadata/${key}`, value, METADATA.valueCharsMax)
}

function listOf(
  field: string,
  value: readonly string[],
  countMax: number,
  check: (field: string, item: unknown) => string,
): readonly string[] {
  if (!Array.isArray(value)) throw invalid(field, 'expected a list')
  if (value.length > countMax) throw invalid(field, `expected at most ${countMax}`)
  return [...new Set(value.map((item, at) => check(`${field}/${at}`, item)))]
}

/** RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`. */
function scopeOf(field: string, value: unknown): string {
  if (typeof value !== 'string' || value.length > 200 || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value)) {
    throw invalid(
      field,
      'expected a scope-token of RFC 6749: up to 200 printable ASCII characters without space, " and \\',
      'scope_invalid',
    )
  }
  return value
}

function cidrOf(field: string, value: unknown): string {
  const cidr = typeof value === 'string' ? canonicalCidr(value) : undefined
  if (cidr === undefined) throw invalid(field, 'expected an address range such as 10.0.0.0/8 or 2001:db8::/32', 'cidr_invalid')
  return cidr
}

function originOf(field: string, value: unknown): string {
  const origin = typeof value === 'string' && value.length <= 300 && URL.canParse(value) ? new URL(value).origin : 'null'
  if (origin === 'null' || origin !== value) throw invalid(field, 'expected an origin such as https://app.example.com')
  return origin
}

function methodOf(field: string, value: unknown): string {
  if (typeof value !== 'string' || !/^[A-Z]{1,20}$/.test(value)) throw invalid(field, 'expected an HTTP method in capitals')
  return value
}
