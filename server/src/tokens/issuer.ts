import { ACTORS, FLAGS, KINDS, POPULATIONS, TYPES, type EndingReason, type Milliseconds, type RotationReason } from 'tokentrail'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import { blankEvent } from '../event/row.ts'
import type { Journal } from '../journal/journal.ts'
import type { Privacy } from '../privacy/privacy.ts'
import type { Actor, NewToken, Records, Refused, Tenant, TokenRecord } from '../records/records.ts'
import { hasEnded, stateOf } from '../records/token-state.ts'
import { createDigests, withoutSecret } from './digests.ts'
import { checkImport, type ImportInput } from './import-input.ts'
import {
  checkChange,
  checkIssue,
  codeDigitsOf,
  endingReasonOf,
  futureOf,
  invalid,
  noteOf,
  rotationReasonOf,
  textOf,
  type ChangeInput,
  type IssueInput,
} from './issue-input.ts'
import { createMint } from './mint.ts'
import type { Peppers } from './peppers.ts'

/** Whose token, and who acts. */
interface Who {
  readonly tenantNo: number
  readonly actor: Actor
}
/** Which token, and who acts. */
interface Which extends Who {
  readonly id: string
}

/** A token with its text, which is given once and kept nowhere. */
export interface Issued {
  readonly record: TokenRecord
  readonly token: string
  /** The digits alone, of a short code. */
  readonly code?: string
}
export interface Done {
  readonly record: TokenRecord
}

/**
 * What people and services do with tokens. Each action checks its input, is durable together with its event before it
 * resolves, and throws a `TrailError` that says which input, what was expected and what to do.
 */
export interface Issuer {
  issue(o: Who & { readonly input: IssueInput }): Promise<Issued>
  importHashes(
    o: Who & { readonly tokens: readonly ImportInput[] },
  ): Promise<{ imported: readonly TokenRecord[]; existing: readonly string[] }>
  /** Issues a successor with the same rights; the predecessor works until its grace is over (by default at once). */
  rotate(
    o: Which & { readonly graceSeconds?: number; readonly reason?: RotationReason; readonly expiresAt?: Milliseconds | null },
  ): Promise<Issued & { readonly predecessor: TokenRecord }>
  /** Ends a token for good; with `family` every living generation of its rotation too. */
  revoke(o: Which & { readonly reason?: EndingReason; readonly note?: string; readonly family?: boolean }): Promise<Done>
  suspend(o: Which & { readonly until?: Milliseconds | null; readonly note?: string }): Promise<Done>
  resume(o: Which): Promise<Done>
  change(o: Which & { readonly change: ChangeInput }): Promise<Done>
  /** Notes that an action or validation token was handed to its channel (113), or came back from it (114). */
  send(o: Which & { readonly delivered?: boolean; readonly address?: string }): Promise<Done>
}

/** Makes the issuer. */
export function createIssuer(o: {
  readonly records: Records
  readonly journal: Pick<Journal, 'append'>
  readonly privacy: Privacy
  readonly clock: Clock
  readonly peppers: Peppers
  readonly log: Log
}): Issuer {
  const { records, clock } = o
  const mint = createMint(createDigests(o.peppers))

  async function tenantOf(no: number): Promise<Tenant> {
    const tenant = await records.read.tenant(no)
    if (!tenant) throw new TrailError('not_found', `There is no tenant ${no}.`, { input: 'tenant' })
    return tenant
  }

  async function tokenOf({ tenantNo, id }: Which): Promise<TokenRecord> {
    const token = await records.read.token(tenantNo, id)
    if (!token) throw new TrailError('not_found', 'There is no token of this id here.', { input: 'id' })
    return token
  }

  /** Notes a fact about a token that goes with no change of rights. */
  function note(
    token: TokenRecord,
    tenant: Tenant,
    type: 'token.sent' | 'token.undelivered',
    actor: Actor,
    address: string | undefined,
  ): Promise<unknown> {
    const row = blankEvent()
    row.tenant = tenant.no
    row.retention = tenant.retention
    row.type = TYPES[type].id
    row.kind = KINDS[token.kind]
    row.population = POPULATIONS.attributed
    row.flags = (token.canary ? FLAGS.canary : 0) | (token.simulated ? FLAGS.simulated : 0)
    row.occurredAt = clock.now()
    row.tokenNo = token.no
    row.ownerNo = token.ownerNo
    row.actorNo = actor.no
    row.actorKind = ACTORS[actor.kind]
    row.resource = address === undefined ? 0n : o.privacy.resource(tenant.no, address)
    row.detail = JSON.stringify({ channel: token.channel })
    return o.journal.append(row)
  }

  return {
    async issue({ tenantNo, actor, input }) {
      const at = clock.now()
      const checked = checkIssue(input, at)
      const tenant = await tenantOf(tenantNo)
      const { text, code, stored } = await mint(tenant.prefixes[checked.kind], codeDigitsOf(input.codeDigits))
      const token: NewToken = { ...checked, ...stored, tenantNo, issuedAt: at }
      const { token: record } = await records.act('issueToken', { token, at, actor })
      return { record: withoutSecret(record), token: text, ...(code !== undefined && { code }) }
    },

    async importHashes({ tenantNo, actor, tokens }) {
      const at = clock.now()
      if (tokens.length > IMPORT_MAX)
        throw new TrailError('too_many_items', `${tokens.length} tokens at once; send at most ${IMPORT_MAX}.`, {
          input: '/tokens',
        })
      const checked = tokens.map((token, place) => checkImport(token, tenantNo, at, place))
      const { imported, existing } = await records.act('importTokens', { tokens: checked, at, actor })
      return { imported: imported.map(withoutSecret), existing }
    },

    async rotate({ tenantNo, actor, id, graceSeconds = 0, reason, expiresAt }) {
      const at = clock.now()
      const [tenant, token] = await Promise.all([tenantOf(tenantNo), tokenOf({ tenantNo, actor, id })])
      if (token.kind !== 'access' || token.observed)
        throw new TrailError('token_state', 'Only access tokens that are validated here can be rotated; issue a new one.', {
          input: 'id',
        })
      const { text, stored } = await mint(tenant.prefixes.access, null)
      const successor = { ...inherit(token), ...stored, issuedAt: at, expiresAt: successorExpiry(token, expiresAt, at) }
      const graceUntil = graceOf(graceSeconds, at)
      const done = await records.act('rotateToken', {
        tenantNo,
        id,
        successor,
        graceUntil,
        reason: rotationReasonOf(reason),
        at,
        actor,
      })
      if ('refused' in done) throw refusal(done, at)
      return { record: withoutSecret(done.successor), token: text, predecessor: withoutSecret(done.predecessor) }
    },

    async revoke({ tenantNo, actor, id, reason, note, family }) {
      const text = noteOf(note)
      const params = {
        tenantNo,
        actor,
        id,
        at: clock.now(),
        reason: endingReasonOf(reason),
        ...(family !== undefined && { family }),
      }
      return settled(await records.act('revokeToken', { ...params, ...(text !== undefined && { note: text }) }), params.at)
    },

    async suspend({ tenantNo, actor, id, until, note }) {
      const at = clock.now()
      const text = noteOf(note)
      const params = { tenantNo, actor, id, at, until: futureOf('until', until, at, SUSPENSION_MS_MAX) }
      return settled(await records.act('suspendToken', { ...params, ...(text !== undefined && { note: text }) }), at)
    },

    async resume({ tenantNo, actor, id }) {
      const at = clock.now()
      return settled(await records.act('resumeToken', { tenantNo, actor, id, at }), at)
    },

    async change({ tenantNo, actor, id, change }) {
      const at = clock.now()
      const checked = checkChange(change, at)
      if (Object.keys(checked).length === 0)
        throw new TrailError('body_invalid', 'Nothing to change was given; name at least one field.')
      return settled(await records.act('changeToken', { tenantNo, actor, id, at, change: checked }), at)
    },

    async send({ tenantNo, actor, id, delivered = true, address }) {
      const at = clock.now()
      const to = address === undefined ? undefined : textOf('address', address, 320)
      const [tenant, token] = await Promise.all([tenantOf(tenantNo), tokenOf({ tenantNo, actor, id })])
      if (token.kind === 'access')
        throw new TrailError('token_state', 'Only action and validation tokens are sent to a channel.', { input: 'id' })
      const record = await records.act('noteSent', { tenantNo, id, at, delivered })
      await note(record, tenant, delivered ? 'token.sent' : 'token.undelivered', actor, to)
      return { record: withoutSecret(record) }
    },
  }
}

const IMPORT_MAX = 1000
const GRACE_SECONDS_MAX = 31_536_000
const SUSPENSION_MS_MAX = 3660 * 86_400_000

/** What a successor takes over: everything but id, secret and times. */
function inherit(token: TokenRecord): Omit<NewToken, 'id' | 'prefix' | 'scheme' | 'digest' | 'issuedAt'> {
  const { tenantNo, kind, ownerId, name, environment, scopes, metadata, cidrs, origins, methods } = token
  const { usesMax, rateLimit, resource, canary, simulated, role } = token
  const rights = { scopes, metadata, cidrs, origins, methods, usesMax, rateLimit, resource, canary, simulated, role }
  return { tenantNo, kind, ownerId, name, environment, ...rights }
}

/** As given, else as long a life as the predecessor was given. */
function successorExpiry(token: TokenRecord, expiresAt: Milliseconds | null | undefined, at: Milliseconds): Milliseconds | null {
  if (expiresAt !== undefined) return futureOf('expiresAt', expiresAt, at, SUSPENSION_MS_MAX)
  return token.expiresAt === null ? null : at + (token.expiresAt - token.issuedAt)
}

function graceOf(seconds: number, at: Milliseconds): Milliseconds {
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > GRACE_SECONDS_MAX) {
    throw invalid('graceSeconds', `expected whole seconds from 0 to ${GRACE_SECONDS_MAX}`)
  }
  return at + seconds * 1000
}

function settled(done: { readonly token: TokenRecord } | Refused, at: Milliseconds): Done {
  if ('refused' in done) throw refusal(done, at)
  return { record: withoutSecret(done.token) }
}

function refusal({ token }: Refused, at: Milliseconds): TrailError {
  const state = stateOf(token, at)
  if (hasEnded(token, at))
    return new TrailError('token_ended', `The token has ended (${state}). Issue a new one.`, { input: 'id' })
  return new TrailError('token_state', `The token is ${state}, which does not allow this.`, { input: 'id' })
}
