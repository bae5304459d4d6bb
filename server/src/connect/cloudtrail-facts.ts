import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Json = Readonly<Record<string, unknown>>

/** Technical facts of a CloudTrail record for detection rules. Names of people, roles and addresses stay out: what they show is kept. */
export function factsOf(event: Json): Record<string, string> {
  const identity = object(event.userIdentity)
  const asked = object(event.requestParameters)
  const facts: Record<string, string | undefined> = {
    errorCode: text(event.errorCode)?.slice(0, 128),
    identity: text(identity.type)?.slice(0, 64),
    invokedBy: text(identity.invokedBy)?.slice(0, 128),
    agent: /^[\w.-]{1,60}/.exec(text(event.userAgent) ?? '')?.[0],
    source: sourceOf(text(event.sourceIPAddress)),
    keyPrefix: /^[A-Z]{4}(?=[A-Z0-9]{8,}$)/.exec(text(identity.accessKeyId) ?? '')?.[0],
    policy: policyOf(asked),
    session: /\/(i-[0-9a-f]{8,17})$/.exec(text(identity.arn) ?? '')?.[1],
    target: targetOf(identity, text(asked.userName)),
  }
  return Object.fromEntries(Object.entries(facts).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** Where a call came from, without its address. */
function sourceOf(source: string | undefined): string | undefined {
  if (source === undefined || isIP(source) === 0) return /^[\w. -]{1,100}$/.test(source ?? '') ? source : undefined
  return ipaddr.process(source).range() === 'unicast' ? 'public' : 'private'
}

/** Policies of AWS itself; those of the account have names of their own. */
function policyOf(asked: Json): string | undefined {
  const managed = /^arn:[^:]*:iam::aws:policy\/([\w+=,.@/-]{1,128})$/.exec(text(asked.policyArn) ?? '')?.[1]
  return managed ?? /^AWS[\w+=,.@-]{1,125}$/.exec(text(asked.policyName) ?? '')?.[0]
}

/** Whether a call about a user is about the caller. */
function targetOf(identity: Json, name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  const own = /:user\/(?:.*\/)?([^/]+)$/.exec(text(identity.arn) ?? '')?.[1] ?? text(identity.userName)
  return name === own ? 'self' : 'other'
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
