import { ACTORS, DECISION_REASONS, FACT_REASONS, KINDS, OUTCOMES, type IngestEvent } from 'tokentrail'
import { TrailError } from '../errors.ts'
import { holdsSecret, withoutSecrets, withoutSecretsIn, type Mark } from '../privacy/secrets.ts'

export type FieldName = keyof IngestEvent
type Check = (value: unknown, input: string, mark?: Mark) => unknown

/** Every field of an event with its check, which gives the value's normal form or throws a TrailError naming the field. */
export const FIELDS: Readonly<Record<FieldName, Check>> = {
  id: identifier(200),
  type: text(64),
  at: time,
  outcome: oneOf(Object.keys(OUTCOMES)),
  reason: oneOf([...Object.keys(DECISION_REASONS), ...Object.keys(FACT_REASONS)]),
  kind: oneOf(Object.keys(KINDS).filter((kind) => kind !== 'none')),
  token: identifier(200),
  claimed: identifier(200),
  credential: sha256Hex,
  owner: identifier(200),
  actor: identifier(200),
  actorKind: oneOf(Object.keys(ACTORS).filter((kind) => kind !== 'none')),
  service: text(128),
  environment: text(64),
  method: text(16),
  route: routeTemplate,
  scope: text(256),
  action: text(256),
  resource: text(1024),
  requestId: text(200),
  ip: text(64),
  userAgent: text(1024),
  durationUs: whole(0, 0xffff_ffff),
  count: whole(1, 1_000_000),
  check: flag,
  detail,
}

const DETAIL_BYTES_MAX = 2048
const DETAIL_DEPTH_MAX = 8
/** 2000-01-01; what claims to be older is a wrong unit. */
const EARLIEST = 946_684_800_000
const LATEST = 4_102_444_800_000

/** A text in NFC without control characters; anything shaped like a credential is taken out. */
function text(lengthMax: number): Check {
  return (value, input, mark) => withoutSecrets(plain(value, input, lengthMax), mark)
}

/** A text that names something; one that holds a credential is refused, because taking it out would change who is meant. */
function identifier(lengthMax: number): Check {
  return (value, input) => {
    const name = plain(value, input, lengthMax)
    if (name === '') throw invalid(input, 'a text that is not empty')
    if (holdsSecret(name))
      throw invalid(input, 'a public id; what stands there is shaped like a whole credential, which must never be sent')
    return name
  }
}

function plain(value: unknown, input: string, lengthMax: number): string {
  if (typeof value !== 'string') throw invalid(input, 'a text')
  if (value.length > lengthMax) throw invalid(input, `a text of at most ${lengthMax} characters`)
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value)) throw invalid(input, 'a text without control characters')
  if (!value.isWellFormed()) throw invalid(input, 'a text without lone surrogates')
  return value.normalize('NFC')
}

/** A route is a template; a query string, which may hold anything, is cut off. */
function routeTemplate(value: unknown, input: string, mark?: Mark): string {
  return withoutSecrets(plain(value, input, 2048), mark)
    .replace(/[?#].*$/, '')
    .slice(0, 512)
}

function oneOf(names: readonly string[]): Check {
  const known = new Set(names)
  return (value, input) => {
    if (typeof value === 'string' && known.has(value)) return value
    throw invalid(input, names.length <= 8 ? `one of ${names.join(', ')}` : 'a name from the tables of the reference')
  }
}

function whole(min: number, max: number): Check {
  return (value, input) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    throw invalid(input, `a whole number from ${min} to ${max}`)
  }
}

function flag(value: unknown, input: string): boolean {
  if (typeof value === 'boolean') return value
  throw invalid(input, 'true or false')
}

function sha256Hex(value: unknown, input: string): string {
  if (typeof value === 'string' && /^[0-9a-fA-F]{64}$/.test(value)) return value.toLowerCase()
  throw invalid(input, 'the SHA-256 of the presented text, as 64 hexadecimal digits')
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})?$/

/** Milliseconds, or RFC 3339; a time without a zone is UTC. */
function time(value: unknown, input: string): number {
  const at =
    typeof value === 'number'
      ? Math.round(value)
      : typeof value === 'string' && RFC3339.test(value)
        ? parseTime(value)
        : Number.NaN
  if (at >= EARLIEST && at <= LATEST) return at
  throw new TrailError('time_invalid', `Expected RFC 3339 or milliseconds since 1970 between 2000 and 2099 at ${input}.`, {
    input,
  })
}

function parseTime(value: string): number {
  const [year = 0, month = 0, day = 0] = value.slice(0, 10).split('-').map(Number)
  // Date.parse takes the 30th of February for the 2nd of March
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return Number.NaN
  const spaced = value.replace(' ', 'T').toUpperCase()
  return Date.parse(/(?:Z|[+-]\d{2}:\d{2})$/.test(spaced) ? spaced : `${spaced}Z`)
}

function detail(value: unknown, input: string, mark?: Mark): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(input, 'a JSON object')
  if (depthOf(value, 0) > DETAIL_DEPTH_MAX) throw invalid(input, `an object of at most ${DETAIL_DEPTH_MAX} levels`)
  const encoded = JSON.stringify(value)
  if (Buffer.byteLength(encoded) > DETAIL_BYTES_MAX) throw invalid(input, `at most ${DETAIL_BYTES_MAX} bytes of JSON`)
  return withoutSecretsIn(value, mark) as Record<string, unknown>
}

function depthOf(value: unknown, above: number): number {
  if (typeof value !== 'object' || value === null || above > DETAIL_DEPTH_MAX) return above
  return Object.values(value).reduce((deepest: number, inner) => Math.max(deepest, depthOf(inner, above + 1)), above + 1)
}

function invalid(input: string, expected: string): TrailError {
  return new TrailError('body_invalid', `Expected ${expected} at ${input}.`, { input })
}
