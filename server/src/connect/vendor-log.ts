import { createHash } from 'node:crypto'
import type { IngestEvent } from 'tokentrail'
import { VENDOR_LOGS, type VendorLog } from '../detect/rules/vendor-logs.ts'
import type { Format, Mapped } from './format.ts'

/** Where a vendor's record says what our events have a place for; the first that is there counts. */
interface VendorShape {
  readonly product: string
  readonly id: readonly string[]
  readonly at: readonly string[]
  readonly action: readonly string[]
  readonly actor: readonly string[]
  readonly ip: readonly string[]
  readonly agent: readonly string[]
  /** Takes the record out of its envelope. */
  readonly unwrap?: (record: Json) => Json
  /** Values that are made of others: what they show is technical, what they are made of is not. */
  readonly derived?: Readonly<Record<string, (record: Json) => readonly string[]>>
}

type Json = Readonly<Record<string, unknown>>

/** A format for the audit log of a vendor: each record is a fact with its action and a few technical words. */
export function vendorFormat(product: string): Format {
  const log = VENDOR_LOGS.find((one) => one.product === product)
  const shape = SHAPES.find((one) => one.product === product)
  if (!log || !shape) throw new TypeError(`There is no vendor log "${product}".`)
  const { id, at, action, actor, ip, agent } = shape
  return {
    name: product,
    map: (record) => mapRecord(record, log, shape),
    fields: new Set([...id, ...at, ...action, ...actor, ...ip, ...agent, ...log.kept]),
    containers: new Set([...at, ...id, ...action, ...actor, ...ip, ...agent, ...log.kept].flatMap(containersOf)),
  }
}

function containersOf(path: string): readonly string[] {
  const steps = path.split('.')
  return steps.slice(1).map((_, i) => steps.slice(0, i + 1).join('.'))
}

function mapRecord(record: unknown, log: VendorLog, shape: VendorShape): Mapped {
  const wrapped = object(record)
  if (!wrapped) return { refused: 'Expected a JSON object per record.', input: '' }
  const json = shape.unwrap?.(wrapped) ?? wrapped
  const at = firstOf(json, shape.at, timeOf) ?? firstOf(wrapped, shape.at, timeOf)
  if (at === undefined)
    return {
      refused: `Expected a time at /${shape.at.join(' or /').replaceAll('.', '/')}.`,
      input: `/${(shape.at[0] ?? '').replaceAll('.', '/')}`,
    }
  const id = firstOf(json, shape.id, textOf) ?? createHash('sha256').update(JSON.stringify(record)).digest('hex')
  const action = firstOf(json, shape.action, textOf)
  const event: IngestEvent = {
    id: `${log.product}:${id}`.slice(0, 200),
    at,
    type: `${log.product}.event`,
    service: log.label,
    ...(action === undefined ? {} : { route: action }),
    ...given('actor', firstOf(json, shape.actor, textOf)?.slice(0, 200)),
    ...given('ip', firstOf(json, shape.ip, textOf)),
    ...given('userAgent', firstOf(json, shape.agent, textOf)?.slice(0, 1024)),
    detail: detailOf(json, log, shape),
  }
  return { events: [event], apart: 'no token' }
}

const VALUES_MAX = 20
const VALUE_CHARS_MAX = 200
const DETAIL_BYTES_MAX = 1800

/** What is kept, as far as there is room. */
function detailOf(record: Json, { kept }: VendorLog, { derived = {} }: VendorShape): Record<string, unknown> {
  const detail: Record<string, unknown> = {}
  let bytes = 0
  for (const path of kept) {
    const values = (derived[path]?.(record) ?? valuesAt(record, path.split('.'))).slice(0, VALUES_MAX)
    const value = values.length === 1 ? values[0] : values
    bytes += Buffer.byteLength(JSON.stringify([path, value]))
    if (values.length > 0 && bytes < DETAIL_BYTES_MAX) detail[path] = value
  }
  return detail
}

/** Every plain value at the end of a path, through lists. */
function valuesAt(value: unknown, path: readonly string[]): readonly (string | number | boolean)[] {
  if (Array.isArray(value)) return value.slice(0, VALUES_MAX).flatMap((item) => valuesAt(item, path))
  const [key, ...rest] = path
  if (key === undefined) return plain(value)
  const inner = object(value)
  if (!inner) return []
  // a key may hold dots itself
  const whole = path.join('.')
  if (rest.length > 0 && Object.hasOwn(inner, whole)) return plain(inner[whole])
  return Object.hasOwn(inner, key) ? valuesAt(inner[key], rest) : []
}

function plain(value: unknown): readonly (string | number | boolean)[] {
  if (Array.isArray(value)) return value.flatMap(plain)
  if (typeof value === 'string') return value === '' ? [] : [value.slice(0, VALUE_CHARS_MAX)]
  return typeof value === 'number' || typeof value === 'boolean' ? [value] : []
}

function firstOf<Value>(record: Json, paths: readonly string[], read: (value: unknown) => Value | undefined): Value | undefined {
  for (const path of paths) {
    const value = read(valuesAt(record, path.split('.'))[0])
    if (value !== undefined) return value
  }
  return undefined
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

const SECONDS_MAX = 10_000_000_000

/** Texts as they are; numbers are seconds or milliseconds. */
function timeOf(value: unknown): string | number | undefined {
  if (typeof value === 'number') return value < SECONDS_MAX ? value * 1000 : value
  if (typeof value !== 'string') return undefined
  return value.replace(/(\.\d{3})\d+/, '$1').replace(/ (?=[+-]\d\d:\d\d$|Z$)/, '')
}

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: Value }
}

/** Azure hands the record of its Kubernetes service on as text. */
function unwrapKubernetes(record: Json): Json {
  const text = object(record.properties)?.log
  if (typeof text !== 'string') return record
  try {
    return object(JSON.parse(text)) ?? record
  } catch {
    return record
  }
}

/** `core/v1/secrets`, not `core/v1/namespaces/shop/secrets`. */
const CLUSTER_WIDE = /^[\w.]+\/v\w+\/[a-z]+$/

const SHAPES: readonly VendorShape[] = [
  {
    product: 'okta',
    id: ['uuid'],
    at: ['published'],
    action: ['eventType'],
    actor: ['actor.id'],
    ip: ['client.ipAddress'],
    agent: ['client.userAgent.rawUserAgent'],
  },
  {
    product: 'github',
    id: ['_document_id'],
    at: ['@timestamp', 'created_at'],
    action: ['action'],
    actor: ['actor_id', 'actor'],
    ip: ['actor_ip'],
    agent: ['user_agent'],
  },
  {
    product: 'auth0',
    id: ['log_id', 'data.log_id'],
    at: ['data.date', 'date'],
    action: ['data.type', 'type'],
    actor: ['data.user_id', 'data.client_id'],
    ip: ['data.ip'],
    agent: ['data.user_agent'],
  },
  {
    product: 'gcp',
    id: ['insertId', 'insertid'],
    at: ['timestamp', 'receiveTimestamp'],
    action: ['protoPayload.methodName'],
    actor: ['protoPayload.authenticationInfo.principalSubject'],
    ip: ['protoPayload.requestMetadata.callerIp', 'protoPayload.requestMetadata.callerIP'],
    agent: ['protoPayload.requestMetadata.callerSuppliedUserAgent'],
    derived: {
      'protoPayload.request.paths': (record) => pathsIn(valuesAt(record, ['protoPayload', 'request', 'command'])),
      clusterWide: (record) => (CLUSTER_WIDE.test(String(valuesAt(record, ['protoPayload', 'resourceName'])[0])) ? ['true'] : []),
    },
  },
  {
    product: 'kubernetes',
    id: ['auditID'],
    at: ['requestReceivedTimestamp', 'stageTimestamp'],
    action: ['verb'],
    actor: ['user.uid', 'user.username'],
    ip: ['sourceIPs'],
    agent: ['userAgent'],
    unwrap: unwrapKubernetes,
    derived: {
      'requestObject.paths': (record) => pathsIn([...valuesAt(record, ['requestObject', 'command']), ...commandOf(record)]),
      systemUser: (record) =>
        valuesAt(record, ['user', 'username'])
          .map(String)
          .filter((name) => /^(?:system:|eks:|aks|gke-)/.test(name)),
    },
  },
  {
    product: 'slack',
    id: ['id'],
    at: ['date_create'],
    action: ['action'],
    actor: ['actor.user.id'],
    ip: ['context.ip_address'],
    agent: ['context.ua'],
  },
  {
    product: 'notion',
    id: ['event.id'],
    at: ['event.timestamp'],
    action: ['event.type'],
    actor: ['event.actor.id'],
    ip: ['event.ip_address'],
    agent: [],
  },
  {
    product: 'openai',
    id: ['id'],
    at: ['effective_at'],
    action: ['type'],
    actor: ['actor.session.user.id', 'actor.api_key.id'],
    ip: ['actor.session.ip_address'],
    agent: ['actor.session.user_agent'],
  },
  {
    product: 'anthropic',
    id: ['id'],
    at: ['created_at'],
    action: ['type'],
    actor: ['actor.user_id'],
    ip: ['actor.ip_address'],
    agent: ['actor.user_agent'],
  },
  { product: 'snyk', id: [], at: ['created'], action: ['event'], actor: ['userId'], ip: [], agent: [] },
  {
    product: 'tailscale',
    id: [],
    at: ['fields.recorded', 'event.eventTime'],
    action: ['event.action'],
    actor: ['event.actor.id'],
    ip: [],
    agent: [],
  },
  { product: 'teleport', id: ['uid'], at: ['time'], action: ['event'], actor: ['user'], ip: ['addr.remote'], agent: [] },
  {
    product: 'gitlab',
    id: ['id'],
    at: ['created_at', 'time'],
    action: ['detail.custom_message'],
    actor: ['author_id'],
    ip: ['detail.ip_address'],
    agent: [],
  },
  {
    product: 'cloudflare',
    id: ['RayID'],
    at: ['Datetime', 'EdgeStartTimestamp'],
    action: ['Action'],
    actor: [],
    ip: ['ClientIP'],
    agent: ['ClientRequestUserAgent'],
  },
]

/** Absolute paths among the words of a command; other words may be secrets. */
function pathsIn(words: readonly (string | number | boolean)[]): readonly string[] {
  return words.flatMap((word) => String(word).match(/\/(?:var|etc|run|proc)\/[\w./-]*/g) ?? [])
}

/** The command that stands in the address of an exec. */
function commandOf(record: Json): readonly string[] {
  const [uri] = valuesAt(record, ['requestURI'])
  const query = typeof uri === 'string' ? uri.split('?', 2)[1] : undefined
  return query === undefined ? [] : new URLSearchParams(query).getAll('command')
}
