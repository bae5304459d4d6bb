/**
 * The vocabulary of events: what can happen (`TYPES`), what was decided (`OUTCOMES`), and why (`REASONS`).
 * Each has a name in the API and an integer in the store. An integer is never reused.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Milliseconds = number

/** What was decided. `none` is a fact, not a decision. */
export const OUTCOMES = { none: 0, accepted: 1, rejected: 2 } as const
export type Outcome = keyof typeof OUTCOMES

/** What kind of token an event is about. */
export const KINDS = { none: 0, access: 1, action: 2, validation: 3 } as const
export type Kind = keyof typeof KINDS
export type TokenKind = Exclude<Kind, 'none'>

/** Whether an event belongs to a known token, to nobody known, or to a fault of ours. */
export const POPULATIONS = { none: 0, attributed: 1, unattributed: 2, fault: 3 } as const
export type Population = keyof typeof POPULATIONS

/** Who acted. */
export const ACTORS = { none: 0, person: 1, service: 2, schedule: 3, response: 4, system: 5 } as const
export type ActorKind = keyof typeof ACTORS

/** Whether the hot path found the token in its cache. */
export const CACHE = { none: 0, hit: 1, miss: 2, stale: 3 } as const
export type CacheState = keyof typeof CACHE

/** Bits of the column `flags`. */
export const FLAGS = {
  canary: 1 << 0,
  simulated: 1 << 1,
  check: 1 << 2,
  firstUse: 1 << 3,
  concurrent: 1 << 4,
  sameNetwork: 1 << 5,
  sameClient: 1 << 6,
  skewed: 1 << 7,
  sampled: 1 << 8,
  coalesced: 1 << 9,
  observed: 1 << 10,
  hostingNetwork: 1 << 11,
} as const
export type Flag = keyof typeof FLAGS

/** The class of a reason gives the caller's answer; the four last ones are disjoint kinds of rejection. */
export type ReasonClass = 'accepted' | 'invalid' | 'forbidden' | 'throttled' | 'unavailable'
export type RejectionClass = Exclude<ReasonClass, 'accepted'>

type Decision = { readonly id: number; readonly class: ReasonClass; readonly when: string }

/**
 * Reasons of a validation. From id 10 on, the order of this table is the precedence: the first that applies is the
 * reason, so that the same input always gives the same reason. Faults (70 to 74) take effect where they occur.
 */
export const DECISION_REASONS = {
  valid: { id: 1, class: 'accepted', when: 'nothing below applies' },
  in_grace: { id: 2, class: 'accepted', when: 'predecessor of a rotation, inside its grace' },
  failed_open: { id: 3, class: 'accepted', when: 'a foreign verifier let it pass because its own check failed' },
  too_long: { id: 10, class: 'invalid', when: 'over the size bound' },
  malformed: { id: 11, class: 'invalid', when: 'not the shape of any configured token' },
  bad_checksum: { id: 12, class: 'invalid', when: 'shape right, checksum wrong' },
  limit_source: { id: 61, class: 'throttled', when: 'the source has spent its allowance of failures' },
  limit_global: { id: 63, class: 'throttled', when: 'the door itself is limited' },
  unknown: { id: 13, class: 'invalid', when: 'no such token, no tombstone' },
  wrong_secret: { id: 14, class: 'invalid', when: 'the id exists, the secret does not match' },
  wrong_audience: { id: 15, class: 'invalid', when: 'a token of another tenant or environment' },
  wrong_kind: { id: 16, class: 'invalid', when: 'a token of another kind than asked for' },
  canary: { id: 26, class: 'invalid', when: 'a honeytoken' },
  consumed: { id: 17, class: 'invalid', when: 'single-use and already used: a replay' },
  revoked: { id: 18, class: 'invalid', when: 'ended by someone' },
  superseded: { id: 19, class: 'invalid', when: 'rotated, grace over' },
  suspended: { id: 20, class: 'invalid', when: 'stopped, may be resumed' },
  locked: { id: 21, class: 'invalid', when: 'a validation token out of attempts' },
  exhausted: { id: 22, class: 'invalid', when: 'use limit reached' },
  expired: { id: 23, class: 'invalid', when: 'time is over' },
  not_yet_valid: { id: 24, class: 'invalid', when: 'time has not begun' },
  owner_disabled: { id: 25, class: 'invalid', when: 'the owner is switched off' },
  wrong_action: { id: 40, class: 'forbidden', when: 'bound to another action' },
  wrong_resource: { id: 41, class: 'forbidden', when: 'bound to another resource' },
  binding_mismatch: { id: 42, class: 'forbidden', when: 'proof of possession missing or wrong' },
  address_forbidden: { id: 43, class: 'forbidden', when: 'outside the CIDR list' },
  origin_forbidden: { id: 44, class: 'forbidden', when: 'outside the origin list' },
  method_forbidden: { id: 45, class: 'forbidden', when: 'outside the method list' },
  scope_missing: { id: 46, class: 'forbidden', when: 'a required scope is not granted' },
  condition_failed: { id: 47, class: 'forbidden', when: "the tenant's own condition" },
  limit_token: { id: 60, class: 'throttled', when: "the token's limit" },
  limit_tenant: { id: 62, class: 'throttled', when: "the tenant's limit" },
  limit_response: { id: 64, class: 'throttled', when: 'a throttle set by a response' },
  records_unavailable: { id: 70, class: 'unavailable', when: 'lookup failed' },
  stale: { id: 71, class: 'unavailable', when: 'invalidation feed silent and no re-read' },
  timeout: { id: 72, class: 'unavailable', when: 'the check took too long' },
  overload: { id: 73, class: 'unavailable', when: 'too much was asked at once' },
  misconfigured: { id: 74, class: 'unavailable', when: 'the verifier is set up wrongly' },
} as const satisfies Record<string, Decision>
export type DecisionReason = keyof typeof DECISION_REASONS

/** Reasons of every other event. */
export const FACT_REASONS = {
  none: { id: 0, of: 'any' },
  new: { id: 100, of: 'issue' },
  successor: { id: 101, of: 'issue' },
  canary_issued: { id: 102, of: 'issue' },
  manual: { id: 110, of: 'ending' },
  leaked: { id: 111, of: 'ending' },
  compromised: { id: 112, of: 'ending' },
  response: { id: 113, of: 'ending' },
  owner_left: { id: 114, of: 'ending' },
  idle: { id: 115, of: 'ending' },
  policy: { id: 116, of: 'ending' },
  bulk: { id: 117, of: 'ending' },
  tenant_closed: { id: 118, of: 'ending' },
  upstream: { id: 119, of: 'ending' },
  unspecified: { id: 129, of: 'ending' },
  used: { id: 130, of: 'expiry' },
  unused: { id: 131, of: 'expiry' },
  scheduled: { id: 135, of: 'rotation' },
  by_hand: { id: 136, of: 'rotation' },
  after_finding: { id: 137, of: 'rotation' },
  retention: { id: 140, of: 'purge' },
  erasure: { id: 141, of: 'purge' },
  role_missing: { id: 150, of: 'reading' },
  limit_principal: { id: 151, of: 'reading' },
  cost_refused: { id: 152, of: 'reading' },
  unauthenticated: { id: 153, of: 'reading' },
  journal_full: { id: 160, of: 'loss' },
  journal_failed: { id: 161, of: 'loss' },
  oversize: { id: 162, of: 'loss' },
  client_buffer_full: { id: 163, of: 'loss' },
  client_gave_up: { id: 164, of: 'loss' },
  debug_shed: { id: 165, of: 'loss' },
  writer_died: { id: 166, of: 'loss' },
} as const satisfies Record<string, { id: number; of: string }>
export type FactReason = keyof typeof FACT_REASONS

export type Reason = DecisionReason | FactReason
export type EndingReason = { [R in FactReason]: (typeof FACT_REASONS)[R]['of'] extends 'ending' ? R : never }[FactReason]
export type RotationReason = { [R in FactReason]: (typeof FACT_REASONS)[R]['of'] extends 'rotation' ? R : never }[FactReason]
export type LossReason = { [R in FactReason]: (typeof FACT_REASONS)[R]['of'] extends 'loss' ? R : never }[FactReason]

/** Why a token was revoked, grouped: rotation is never a revocation, it is `superseded`. */
export const ENDING_GROUPS = {
  security: ['leaked', 'compromised', 'response', 'upstream'],
  hygiene: ['owner_left', 'idle', 'policy', 'bulk', 'tenant_closed'],
  unspecified: ['manual', 'unspecified'],
} as const satisfies Record<string, readonly EndingReason[]>
export type EndingGroup = keyof typeof ENDING_GROUPS

/** How firmly an event is promised: in the action's own transaction, journalled before the answer, or dropped and counted. */
export type PromiseClass = 'critical' | 'counted' | 'best effort'

/** Everything that can happen. 0 stands for a type this version does not know; its name is kept in `detail`. */
export const TYPES = {
  other: { id: 0, class: 'counted' },
  'token.issued': { id: 101, class: 'critical' },
  'token.imported': { id: 102, class: 'critical' },
  'token.changed': { id: 103, class: 'critical' },
  'token.scopes_changed': { id: 104, class: 'critical' },
  'token.rotated': { id: 105, class: 'critical' },
  'token.superseded': { id: 106, class: 'counted' },
  'token.revoked': { id: 107, class: 'critical' },
  'token.suspended': { id: 108, class: 'critical' },
  'token.resumed': { id: 109, class: 'critical' },
  'token.expired': { id: 110, class: 'counted' },
  'token.exhausted': { id: 111, class: 'critical' },
  'token.locked': { id: 112, class: 'critical' },
  'token.sent': { id: 113, class: 'counted' },
  'token.undelivered': { id: 114, class: 'counted' },
  'token.purged': { id: 115, class: 'critical' },
  'token.validated': { id: 201, class: 'counted' },
  'token.consumed': { id: 202, class: 'critical' },
  'limit.entered': { id: 203, class: 'counted' },
  'limit.left': { id: 204, class: 'counted' },
  'finding.opened': { id: 301, class: 'critical' },
  'finding.changed': { id: 302, class: 'critical' },
  'finding.closed': { id: 303, class: 'critical' },
  'finding.suppressed': { id: 304, class: 'counted' },
  'incident.opened': { id: 311, class: 'critical' },
  'incident.changed': { id: 312, class: 'critical' },
  'incident.closed': { id: 313, class: 'critical' },
  'response.proposed': { id: 321, class: 'critical' },
  'response.approved': { id: 322, class: 'critical' },
  'response.declined': { id: 323, class: 'critical' },
  'response.applied': { id: 324, class: 'critical' },
  'response.undone': { id: 325, class: 'critical' },
  'response.failed': { id: 326, class: 'critical' },
  'leak.reported': { id: 331, class: 'critical' },
  'leak.confirmed': { id: 332, class: 'critical' },
  'leak.dismissed': { id: 333, class: 'critical' },
  'page.viewed': { id: 401, class: 'best effort' },
  'reading.rejected': { id: 402, class: 'counted' },
  'report.generated': { id: 403, class: 'counted' },
  'report.viewed': { id: 404, class: 'counted' },
  'report.exported': { id: 405, class: 'critical' },
  'report.delivered': { id: 406, class: 'counted' },
  'report.undelivered': { id: 407, class: 'counted' },
  'pseudonym.revealed': { id: 408, class: 'critical' },
  'principal.signed_in': { id: 501, class: 'critical' },
  'principal.sign_in_rejected': { id: 502, class: 'counted' },
  'principal.signed_out': { id: 503, class: 'counted' },
  'principal.added': { id: 504, class: 'critical' },
  'principal.changed': { id: 505, class: 'critical' },
  'principal.removed': { id: 506, class: 'critical' },
  'role.granted': { id: 507, class: 'critical' },
  'role.removed': { id: 508, class: 'critical' },
  'config.changed': { id: 601, class: 'critical' },
  'rule.changed': { id: 602, class: 'critical' },
  'key.rotated': { id: 603, class: 'critical' },
  'tenant.added': { id: 604, class: 'critical' },
  'tenant.closed': { id: 605, class: 'critical' },
  'key.destroyed': { id: 606, class: 'critical' },
  'system.started': { id: 611, class: 'counted' },
  'system.stopped': { id: 612, class: 'counted' },
  'store.restarted': { id: 613, class: 'counted' },
  'clock.skewed': { id: 614, class: 'counted' },
  'sink.failed': { id: 621, class: 'counted' },
  'sink.paused': { id: 622, class: 'counted' },
  'sink.resumed': { id: 623, class: 'counted' },
  'loss.declared': { id: 631, class: 'counted' },
  'gap.found': { id: 632, class: 'counted' },
  'gap.filled': { id: 633, class: 'counted' },
  'coalescing.started': { id: 634, class: 'counted' },
  'coalescing.ended': { id: 635, class: 'counted' },
  'audit.checkpointed': { id: 701, class: 'counted' },
  'audit.verified': { id: 702, class: 'counted' },
  'audit.verification_failed': { id: 703, class: 'counted' },
  'audit.read': { id: 704, class: 'counted' },
  'retention.applied': { id: 711, class: 'critical' },
  'hold.set': { id: 712, class: 'critical' },
  'hold.released': { id: 713, class: 'critical' },
  'subject.erased': { id: 714, class: 'critical' },
  'approval.requested': { id: 715, class: 'critical' },
  'approval.given': { id: 716, class: 'critical' },
  'approval.refused': { id: 717, class: 'critical' },
  'subject.accessed': { id: 718, class: 'critical' },
  'subject.restricted': { id: 719, class: 'critical' },
  'review.signed': { id: 720, class: 'critical' },
} as const satisfies Record<string, { id: number; class: PromiseClass }>
export type TypeName = keyof typeof TYPES

const DECISIONS: Readonly<Record<string, Decision | undefined>> = DECISION_REASONS
const NAMES_OF_REASONS = new Map<number, Reason>(
  [...Object.entries(DECISION_REASONS), ...Object.entries(FACT_REASONS)].map(([name, { id }]) => [id, name as Reason]),
)
const NAMES_OF_TYPES = new Map<number, TypeName>(Object.entries(TYPES).map(([name, { id }]) => [id, name as TypeName]))

/** The integer of a reason, for the store. */
export function reasonId(reason: Reason): number {
  return (DECISIONS[reason] ?? FACT_REASONS[reason as FactReason]).id
}

/** The name of a reason's integer; `undefined` for one this version does not know. */
export function reasonName(id: number): Reason | undefined {
  return NAMES_OF_REASONS.get(id)
}

/** The class of a decision's reason. */
export function reasonClass(reason: DecisionReason): ReasonClass {
  return DECISION_REASONS[reason].class
}

/** The name of a type's integer; `other` for one this version does not know. */
export function typeName(id: number): TypeName {
  return NAMES_OF_TYPES.get(id) ?? 'other'
}

/** `evt_<writer>_<seq>` in base62. */
export function eventId(writer: number, seq: number): string {
  return `evt_${base62(writer)}_${base62(seq)}`
}

/** Writer and number of an event's id; `undefined` where the text is no such id. */
export function parseEventId(text: string): { writer: number; seq: number } | undefined {
  const match = /^evt_([0-9A-Za-z]{1,11})_([0-9A-Za-z]{1,11})$/.exec(text)
  if (!match?.[1] || !match[2]) return undefined
  const [writer, seq] = [fromBase62(match[1]), fromBase62(match[2])]
  return writer > 0xffffffff || !Number.isSafeInteger(seq) ? undefined : { writer, seq }
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function base62(value: number): string {
  let text = ''
  do {
    text = DIGITS.charAt(value % 62) + text
    value = Math.floor(value / 62)
  } while (value > 0)
  return text
}

function fromBase62(text: string): number {
  let value = 0
  for (const digit of text) value = value * 62 + DIGITS.indexOf(digit)
  return value
}

/**
 * An event as others hand it in: one line of `POST /v1/events`, of `tokentrail import tokentrail` and of an export.
 * It never holds a token's text: `token` is the public id of a token known or foreign, `credential` the SHA-256 of a
 * presented text that belongs to nobody known.
 */
export interface IngestEvent {
  /** The source's own id, or `evt_…`. The same id is stored once. Up to 200 characters. */
  readonly id?: string
  /** Default `token.validated`. An unknown name is kept as `other`. */
  readonly type?: string
  /** When it was decided: RFC 3339 or milliseconds. */
  readonly at: string | number
  readonly outcome?: Outcome
  readonly reason?: Reason
  readonly kind?: TokenKind
  /** Public id of the token, when its identity was proven. */
  readonly token?: string
  /** Public id that the presented text names without proving it. */
  readonly claimed?: string
  /** SHA-256 in hex of the presented text, when it belongs to nobody known. */
  readonly credential?: string
  readonly owner?: string
  readonly actor?: string
  readonly actorKind?: Exclude<ActorKind, 'none'>
  readonly service?: string
  readonly environment?: string
  readonly method?: string
  /** Route template such as `/orders/{id}`; never a raw path. */
  readonly route?: string
  readonly scope?: string
  readonly action?: string
  readonly resource?: string
  readonly requestId?: string
  /** Clear address; it becomes a pseudonym at the edge and is not stored. */
  readonly ip?: string
  readonly userAgent?: string
  readonly durationUs?: number
  /** Decisions this line stands for; default 1. */
  readonly count?: number
  readonly check?: boolean
  /** Small JSON object for what has no column; up to 2 KiB. */
  readonly detail?: Readonly<Record<string, unknown>>
}
