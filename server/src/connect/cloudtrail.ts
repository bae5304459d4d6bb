import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { IngestEvent } from 'tokentrail'
import { credentialError } from './cloudtrail-errors.ts'
import { factsOf } from './cloudtrail-facts.ts'
import type { Format, Mapped } from './format.ts'

/**
 * AWS CloudTrail: the access key id is the token. A denied call is a rejection, a throttled one is throttled, any other error
 * is an error of the application that an accepted credential ran into. A record without a key is a fact and no validation.
 */
export const cloudtrail: Format = {
  name: 'cloudtrail',
  map,
  containers: new Set([
    'userIdentity',
    'userIdentity.sessionContext',
    'userIdentity.sessionContext.sessionIssuer',
    'requestParameters',
    'responseElements',
    'responseElements.accessKey',
  ]),
  fields: new Set([
    'eventID',
    'eventTime',
    'eventSource',
    'eventName',
    'errorCode',
    'sourceIPAddress',
    'userAgent',
    'requestID',
    'recipientAccountId',
    'userIdentity.accessKeyId',
    'userIdentity.arn',
    'userIdentity.principalId',
    'userIdentity.accountId',
    'userIdentity.type',
    'userIdentity.invokedBy',
    'userIdentity.userName',
    'userIdentity.sessionContext.sessionIssuer.arn',
    // of the key that a call made, changed or removed
    'requestParameters.accessKeyId',
    'requestParameters.userName',
    'requestParameters.status',
    'requestParameters.policyArn',
    'requestParameters.policyName',
    'responseElements.accessKey.accessKeyId',
    'responseElements.accessKey.userName',
  ]),
}

function map(record: unknown): Mapped {
  const event = object(record)
  if (!event) return { refused: 'Expected a JSON object per record.', input: '' }
  for (const name of ['eventID', 'eventTime', 'eventSource', 'eventName'])
    if (text(event[name]) === undefined)
      return { refused: `Expected a text at /${name}, as every CloudTrail record has.`, input: `/${name}` }
  const about = common(event)
  const key = text(object(event.userIdentity)?.accessKeyId)
  if (key === undefined) return { events: [withoutKey(event, about)], apart: 'no access key' }
  const life = lifeOf(event, about)
  return { events: life ? [validation(event, about, key), life] : [validation(event, about, key)] }
}

type Json = Readonly<Record<string, unknown>>
type About = Omit<IngestEvent, 'outcome' | 'reason'> & { readonly id: string }

function common(event: Json): About {
  const identity = object(event.userIdentity) ?? {}
  const address = text(event.sourceIPAddress)
  return {
    id: `cloudtrail:${text(event.eventID)}`,
    at: text(event.eventTime) ?? '',
    service: text(event.eventSource) ?? '',
    route: text(event.eventName) ?? '',
    scope: `${(text(event.eventSource) ?? '').split('.')[0]}:${text(event.eventName)}`,
    ...given('owner', ownerOf(identity)),
    ...given('environment', text(event.recipientAccountId)),
    ...given('requestId', text(event.requestID)),
    // an AWS service stands there by its name, as in `health.amazonaws.com`
    ...given('ip', address && isIP(address) ? address : undefined),
    ...given('userAgent', text(event.userAgent)?.slice(0, 1024)),
  }
}

/** The user a key belongs to, or the role a session was opened for. */
function ownerOf(identity: Json): string | undefined {
  const issuer = object(object(identity.sessionContext)?.sessionIssuer)
  const session = text(identity.type) === 'AssumedRole'
  return (
    (session ? text(issuer?.arn) : undefined) ??
    text(identity.arn) ??
    text(identity.principalId) ??
    text(identity.accountId) ??
    text(identity.invokedBy)
  )
}

function validation(event: Json, about: About, key: string): IngestEvent {
  const code = text(event.errorCode)
  const error = code === undefined ? undefined : credentialError(code)
  const detail = { detail: factsOf(event) }
  if (!error) return { ...about, ...detail, kind: 'access', token: key, outcome: 'accepted', reason: 'valid' }
  const who = error.proven ? { token: key } : { claimed: key, credential: createHash('sha256').update(key).digest('hex') }
  return { ...about, ...detail, kind: 'access', ...who, outcome: 'rejected', reason: error.reason }
}

function withoutKey(event: Json, about: About): IngestEvent {
  const { owner, ...rest } = about
  return { ...rest, ...given('actor', owner), type: 'cloudtrail.call', detail: factsOf(event) }
}

/** The life of the key that a call made, changed or removed: not the key that made the call. */
function lifeOf(event: Json, about: About): IngestEvent | undefined {
  const told = LIVES[about.route ?? '']?.(
    object(event.requestParameters) ?? {},
    object(object(event.responseElements)?.accessKey) ?? {},
  )
  if (!told?.key || text(event.errorCode) !== undefined) return undefined
  const { owner, scope: _scope, ...rest } = about
  const keyOwner = told.userName === undefined ? owner : arnOfUser(told.userName, owner)
  return {
    ...rest,
    id: `${about.id}#key`,
    type: told.type,
    kind: 'access',
    token: told.key,
    ...given('owner', keyOwner),
    ...given('actor', owner),
    ...(told.type === 'token.revoked' ? { reason: 'unspecified' } : {}),
  }
}

type Told = { readonly type: string; readonly key: string | undefined; readonly userName: string | undefined }

const LIVES: Readonly<Record<string, (asked: Json, made: Json) => Told | undefined>> = {
  CreateAccessKey: (asked, made) => ({
    type: 'token.issued',
    key: text(made.accessKeyId),
    userName: text(made.userName) ?? text(asked.userName),
  }),
  DeleteAccessKey: (asked) => ({ type: 'token.revoked', key: text(asked.accessKeyId), userName: text(asked.userName) }),
  UpdateAccessKey: (asked) => ({
    type: text(asked.status) === 'Active' ? 'token.resumed' : 'token.suspended',
    key: text(asked.accessKeyId),
    userName: text(asked.userName),
  }),
}

/** `arn:aws:iam::123456789012:user/ann` of a user's name, in the account of who asked. */
function arnOfUser(userName: string, asker: string | undefined): string {
  const match = /^(arn:[^:]*):[^:]*:[^:]*:([^:]*):/.exec(asker ?? '')
  return match ? `${match[1]}:iam::${match[2]}:user/${userName}` : userName
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: Value }
}

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
