import { TYPES, type PromiseClass, type TypeName } from 'tokentrail'

/**
 * What the audit log says of each type of event: the one table from which entries are built, and from which the reference page,
 * the log inventory and the record of processing are made.
 */

/** Entries that exist in the log alone. */
export const LOG_TYPES = ['log.opened', 'log.closed', 'log.batch', 'log.heartbeat', 'log.recovered'] as const
export type LogType = (typeof LOG_TYPES)[number]
export type EntryType = TypeName | LogType

/** Fields that stand in an entry as commitments, and what they say. */
export const HIDDEN_FIELDS = {
  actor: 'public id of who acted',
  owner: 'public id of whose token it is',
  token: 'public id of the token',
  address: 'pseudonyms of address and network, country, client',
  request: 'service, environment, route, scope, action, request id',
  detail: 'what else the event says, as JSON',
} as const
export type HiddenField = keyof typeof HIDDEN_FIELDS

/** Why something is recorded. */
export const PURPOSES = {
  lifecycle: 'who holds which credential, and since when',
  use: 'that a credential was used, and how it was answered',
  detection: 'finding misuse and answering it',
  reading: 'who looked at what',
  access: 'who may do what here',
  setup: 'what the installation is told to do',
  operation: 'that the installation works, and what it lost',
  integrity: 'that the log is whole',
  privacy: 'what was done with data about people',
} as const
export type Purpose = keyof typeof PURPOSES

/** How near to a person: `aggregate` names nobody, `pseudonymous` through keyed numbers, `identified` through sealed values. */
export type DataClass = 'aggregate' | 'pseudonymous' | 'identified'

/** How long: `critical` is the retention of the log (400 days unless set), `counted` that of the tenant's rows in the store. */
export type KeptAs = 'critical' | 'counted' | 'debug'

/** A leaf of its own, one row below the leaf of its batch, or no place in the log. */
export type Leaf = 'own' | 'batch' | 'none'

export interface Registered {
  readonly class: PromiseClass
  readonly leaf: Leaf
  /** Members of `detail` that are harmless and stand in the entry in clear, beside those every entry shows. */
  readonly shown: readonly string[]
  readonly hidden: readonly HiddenField[]
  readonly purpose: Purpose
  readonly data: DataClass
  readonly kept: KeptAs
  /** OCSF 1.8.0: class, and activity; `by method` follows the HTTP method. */
  readonly ocsf: { readonly class: number; readonly activity: number | 'by method' }
}

type Rest = readonly [purpose: Purpose, ocsf: readonly [number, number | 'by method'], shown?: readonly string[]]

const ABOUT_TOKEN: readonly HiddenField[] = ['actor', 'owner', 'token', 'address', 'request', 'detail']
const ABOUT_DEED: readonly HiddenField[] = ['actor', 'owner', 'token', 'address', 'detail']

function of(name: TypeName, leaf: Leaf, hidden: readonly HiddenField[], [purpose, ocsf, shown = []]: Rest): Registered {
  const promise = TYPES[name].class
  const data = leaf === 'own' && hidden.length > 0 ? 'identified' : hidden.length > 0 ? 'pseudonymous' : 'aggregate'
  const kept = leaf === 'own' ? 'critical' : promise === 'counted' ? 'counted' : 'debug'
  return { class: promise, leaf, shown, hidden, purpose, data, kept, ocsf: { class: ocsf[0], activity: ocsf[1] } }
}

const ofToken = (name: TypeName, ...rest: Rest) => of(name, 'own', ABOUT_TOKEN, rest)
const ofDeed = (name: TypeName, ...rest: Rest) => of(name, 'own', ABOUT_DEED, rest)
const ofHouse = (name: TypeName, ...rest: Rest) => of(name, 'own', ['detail'], rest)
const inBatch = (name: TypeName, ...rest: Rest) => of(name, 'batch', ABOUT_TOKEN, rest)

const FINDING = ['severity', 'confidence', 'state', 'verdict', 'detector', 'version', 'repeats'] as const
const RESPONSE = ['step', 'tokens', 'dryRun'] as const
const LOSS = ['writer', 'count', 'from', 'to', 'events'] as const

/** Every type of event. */
export const REGISTRY: { readonly [Name in TypeName]: Registered } = {
  other: inBatch('other', 'use', [6003, 99]),
  'token.issued': ofToken('token.issued', 'lifecycle', [3004, 1], ['expiresAt', 'generation', 'usesMax']),
  'token.imported': ofToken('token.imported', 'lifecycle', [3004, 1], ['expiresAt', 'scheme', 'issuedAt']),
  'token.changed': ofToken('token.changed', 'lifecycle', [3004, 3]),
  'token.scopes_changed': ofToken('token.scopes_changed', 'lifecycle', [3004, 3]),
  'token.rotated': ofToken('token.rotated', 'lifecycle', [3004, 3], ['graceUntil']),
  'token.superseded': inBatch('token.superseded', 'lifecycle', [3004, 11]),
  'token.revoked': ofToken('token.revoked', 'lifecycle', [3004, 11], ['emergency']),
  'token.suspended': ofToken('token.suspended', 'lifecycle', [3004, 12], ['until', 'emergency']),
  'token.resumed': ofToken('token.resumed', 'lifecycle', [3004, 13]),
  'token.expired': inBatch('token.expired', 'lifecycle', [3004, 11]),
  'token.exhausted': ofToken('token.exhausted', 'lifecycle', [3004, 11]),
  'token.locked': ofToken('token.locked', 'lifecycle', [3004, 11]),
  'token.sent': inBatch('token.sent', 'lifecycle', [3004, 99]),
  'token.undelivered': inBatch('token.undelivered', 'lifecycle', [3004, 99]),
  'token.purged': ofToken('token.purged', 'privacy', [3004, 4]),
  'token.validated': inBatch('token.validated', 'use', [6003, 'by method']),
  'token.consumed': ofToken('token.consumed', 'use', [6003, 'by method']),
  'limit.entered': inBatch('limit.entered', 'use', [6003, 99]),
  'limit.left': inBatch('limit.left', 'use', [6003, 99]),
  'finding.opened': ofDeed('finding.opened', 'detection', [2004, 1], FINDING),
  'finding.changed': ofDeed('finding.changed', 'detection', [2004, 2], FINDING),
  'finding.closed': ofDeed('finding.closed', 'detection', [2004, 3], FINDING),
  'finding.suppressed': inBatch('finding.suppressed', 'detection', [2004, 1]),
  'incident.opened': ofDeed('incident.opened', 'detection', [2005, 1], ['severity', 'state', 'findings', 'notice']),
  'incident.changed': ofDeed('incident.changed', 'detection', [2005, 2], ['severity', 'state', 'findings', 'notice']),
  'incident.closed': ofDeed('incident.closed', 'detection', [2005, 3], ['severity', 'state', 'findings', 'notice']),
  'response.proposed': ofDeed('response.proposed', 'detection', [2004, 2], RESPONSE),
  'response.approved': ofDeed('response.approved', 'detection', [2004, 2], RESPONSE),
  'response.declined': ofDeed('response.declined', 'detection', [2004, 2], RESPONSE),
  'response.applied': ofDeed('response.applied', 'detection', [2004, 2], RESPONSE),
  'response.undone': ofDeed('response.undone', 'detection', [2004, 2], RESPONSE),
  'response.failed': ofDeed('response.failed', 'detection', [2004, 2], RESPONSE),
  'leak.reported': ofDeed('leak.reported', 'detection', [2004, 1], ['state', 'proven', 'known']),
  'leak.confirmed': ofDeed('leak.confirmed', 'detection', [2004, 2], ['state', 'proven', 'known']),
  'leak.dismissed': ofDeed('leak.dismissed', 'detection', [2004, 3], ['state', 'proven', 'known']),
  'page.viewed': of('page.viewed', 'none', [], ['reading', [6001, 2]]),
  'reading.rejected': inBatch('reading.rejected', 'reading', [6001, 2]),
  'report.generated': inBatch('report.generated', 'reading', [6001, 1]),
  'report.viewed': inBatch('report.viewed', 'reading', [6001, 2]),
  'report.exported': ofDeed(
    'report.exported',
    'reading',
    [6001, 7],
    ['report', 'format', 'rows', 'bytes', 'digest', 'sha256', 'scope', 'redaction', 'expiresAt', 'population', 'question'],
  ),
  'report.delivered': inBatch('report.delivered', 'reading', [6001, 8]),
  'report.undelivered': inBatch('report.undelivered', 'reading', [6001, 8]),
  'pseudonym.revealed': ofDeed('pseudonym.revealed', 'privacy', [6001, 2], ['field', 'count', 'approval', 'waived']),
  'principal.signed_in': ofDeed('principal.signed_in', 'access', [3002, 1], ['method', 'expiresAt', 'secondFactor']),
  'principal.sign_in_rejected': inBatch('principal.sign_in_rejected', 'access', [3002, 1]),
  'principal.signed_out': inBatch('principal.signed_out', 'access', [3002, 2]),
  'principal.added': ofDeed('principal.added', 'access', [3004, 1], ['disabled']),
  'principal.changed': ofDeed('principal.changed', 'access', [3004, 3], ['disabled']),
  'principal.removed': ofDeed('principal.removed', 'access', [3004, 4]),
  'role.granted': ofDeed('role.granted', 'access', [3005, 1], ['role', 'until', 'approval', 'waived']),
  'role.removed': ofDeed('role.removed', 'access', [3005, 2], ['role']),
  'config.changed': ofDeed('config.changed', 'setup', [3004, 3], ['path', 'before', 'after', 'approval', 'waived']),
  'rule.changed': ofDeed('rule.changed', 'setup', [3004, 3]),
  'key.rotated': ofDeed('key.rotated', 'setup', [3004, 3], ['key', 'epoch', 'count']),
  'tenant.added': ofDeed('tenant.added', 'setup', [3004, 1]),
  'tenant.closed': ofDeed('tenant.closed', 'setup', [3004, 4]),
  'key.destroyed': ofDeed('key.destroyed', 'privacy', [3004, 4], ['count', 'digest', 'class', 'domain']),
  'system.started': ofHouse('system.started', 'operation', [6002, 3], ['version', 'digest']),
  'system.stopped': ofHouse('system.stopped', 'operation', [6002, 4], ['version', 'cause']),
  'store.restarted': ofHouse('store.restarted', 'operation', [6002, 5], ['cause']),
  'clock.skewed': ofHouse('clock.skewed', 'operation', [6002, 99], ['skewMs', 'source']),
  'sink.failed': ofHouse('sink.failed', 'operation', [6002, 99], ['lagMs', 'attempts']),
  'sink.paused': ofHouse('sink.paused', 'operation', [6002, 7], ['lagMs', 'attempts']),
  'sink.resumed': ofHouse('sink.resumed', 'operation', [6002, 6], ['lagMs', 'attempts']),
  'loss.declared': ofHouse('loss.declared', 'operation', [6002, 99], LOSS),
  'gap.found': ofHouse('gap.found', 'operation', [6002, 99], LOSS),
  'gap.filled': ofHouse('gap.filled', 'operation', [6002, 99], LOSS),
  'coalescing.started': ofHouse('coalescing.started', 'operation', [6002, 99], LOSS),
  'coalescing.ended': ofHouse('coalescing.ended', 'operation', [6002, 99], LOSS),
  'audit.checkpointed': ofHouse('audit.checkpointed', 'integrity', [6002, 99], ['shard', 'size', 'root']),
  'audit.verified': ofHouse('audit.verified', 'integrity', [6002, 99], ['shard', 'size', 'root', 'entries']),
  'audit.verification_failed': ofHouse('audit.verification_failed', 'integrity', [6002, 99], ['shard', 'size', 'check', 'index']),
  'audit.read': of('audit.read', 'own', ABOUT_DEED, ['integrity', [6001, 2], ['rows', 'what']]),
  'retention.applied': ofDeed(
    'retention.applied',
    'privacy',
    [3004, 4],
    ['class', 'cut', 'days', 'rows', 'bytes', 'keys', 'firstLeaf', 'lastLeaf', 'shard'],
  ),
  'hold.set': ofDeed('hold.set', 'privacy', [3004, 3], ['scope', 'until', 'approval', 'waived']),
  'hold.released': ofDeed('hold.released', 'privacy', [3004, 3], ['scope', 'approval', 'waived']),
  'subject.erased': ofDeed(
    'subject.erased',
    'privacy',
    [3004, 4],
    ['count', 'classes', 'policy', 'digest', 'deadInBackupsFrom', 'keys', 'rows', 'approval', 'waived'],
  ),
  'approval.requested': ofDeed('approval.requested', 'access', [3004, 3], ['action', 'approval', 'lapsesAt', 'waived']),
  'approval.given': ofDeed('approval.given', 'access', [3004, 3], ['action', 'approval', 'waived']),
  'approval.refused': ofDeed('approval.refused', 'access', [3004, 3], ['action', 'approval']),
  'subject.accessed': ofDeed('subject.accessed', 'privacy', [6001, 2], ['rows', 'digest', 'form']),
  'subject.restricted': ofDeed('subject.restricted', 'privacy', [3004, 3], ['restricted']),
  'review.signed': ofDeed('review.signed', 'access', [3004, 3], ['review', 'report', 'open', 'digest', 'from', 'to']),
}

/** Columns of an event that every entry shows, where they say something. */
export const SHOWN_COLUMNS = {
  actorKind: 'person, service, schedule, response or system',
  kind: 'kind of the token',
  count: 'decisions it stands for, if more than one',
  flags: 'simulated, observed, check: nothing that marks a honeytoken',
} as const
