import { ACTORS, CACHE, DECISION_REASONS, FACT_REASONS, FLAGS, KINDS, OUTCOMES, POPULATIONS, TYPES } from 'tokentrail'
import type { EventRow } from '../../event/row.ts'

/**
 * Where a rule's field lives: how memory reads it and how SQL does. `sql` is constant text. A value that is not there gives no text,
 * so that both agree on what is absent.
 */
export type Field =
  | TextField
  | NumberField
  | NamesField
  /** A keyed number, shown in hexadecimal digits as people see it. */
  | {
      readonly form: 'hex'
      readonly column: keyof EventRow
      readonly sql: string
      get(row: EventRow): bigint
      set(row: EventRow, value: bigint): void
    }
  | { readonly form: 'time'; readonly column: 'occurredAt' }
  /** A value inside `detail`, by the keys that lead to it. */
  | { readonly form: 'detail'; readonly column: 'detail'; readonly path: readonly string[] }

/** Empty is absent. */
interface TextField {
  readonly form: 'text'
  readonly column: keyof EventRow
  readonly sql: string
  get(row: EventRow): string
  set(row: EventRow, value: string): void
}

interface NumberField {
  readonly form: 'number'
  readonly column: keyof EventRow
  readonly sql: string
  /** Zero stands for "none". */
  readonly zeroIsNone: boolean
  get(row: EventRow): number
  set(row: EventRow, value: number): void
}

/** A number with a name. `null` stands for "none". */
export interface NamesField {
  readonly form: 'names'
  readonly column: keyof EventRow
  readonly sql: string
  readonly names: ReadonlyMap<number, string | null>
  /** Name of a number that is not in the table. */
  readonly otherwise: string | null
  get(row: EventRow): number
  set(row: EventRow, value: number): void
}

/** Fields of every event, by the names that a rule uses. */
export const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['type', names('type', 'type', idsOf(TYPES), 'other')],
  ['outcome', names('outcome', 'outcome', namesOf(OUTCOMES), null)],
  ['reason', names('reason', 'reason', idsOf({ ...DECISION_REASONS, ...FACT_REASONS }), null)],
  ['class', classField()],
  ['kind', names('kind', 'kind', namesOf(KINDS), null)],
  ['population', names('population', 'population', namesOf(POPULATIONS), null)],
  ['actorKind', names('actorKind', 'actor_kind', namesOf(ACTORS), null)],
  ['cache', names('cache', 'cache', namesOf(CACHE), null)],
  ...(['service', 'environment', 'method', 'route', 'scope', 'action', 'country', 'client', 'limit', 'shape'] as const).map(
    (name) => [name, text(name, name)] as const,
  ),
  ['requestId', text('requestId', 'request_id')],
  ['token', number('tokenNo', 'token_no', true)],
  ['claimed', number('claimedNo', 'claimed_no', true)],
  ['owner', number('ownerNo', 'owner_no', true)],
  ['actor', number('actorNo', 'actor_no', true)],
  ['asn', number('asn', 'asn', true)],
  ['generation', number('generation', 'generation', false)],
  ['durationUs', number('durationUs', 'duration_us', false)],
  ['delayMs', number('delayMs', 'delay_ms', false)],
  ['sinceEndMs', number('sinceEndMs', 'since_end_ms', false)],
  ['cacheAgeMs', number('cacheAgeMs', 'cache_age_ms', false)],
  ['count', number('count', 'count', false)],
  ['distinct', number('distinct', 'distinct', false)],
  ['clientHash', number('clientHash', 'client_hash', true)],
  ['tls', number('tls', 'tls', true)],
  ['network', hex('network', 'network')],
  ['addressDay', hex('addressDay', 'address_day')],
  ['addressMonth', hex('addressMonth', 'address_month')],
  ['resource', hex('resource', 'resource')],
  ['fingerprint', fingerprint()],
  ['at', { form: 'time', column: 'occurredAt' }],
  ...Object.entries(FLAGS).map(([name, bit]) => [name, flag(bit)] as const),
])

/** The field of a name: one of the table, or `detail.` and the way into it. */
export function fieldOf(name: string): Field | undefined {
  const field = FIELDS.get(name)
  if (field) return field
  const [first, ...path] = name.split('.')
  return first === 'detail' && path.length > 0 && path.every((key) => key !== '')
    ? { form: 'detail', column: 'detail', path }
    : undefined
}

type Named<Type> = {
  [Key in keyof EventRow]: EventRow[Key] extends Type ? (Type extends EventRow[Key] ? Key : never) : never
}[keyof EventRow]

function text(key: Named<string>, sql: string): TextField {
  return {
    form: 'text',
    column: key,
    sql,
    get: (row) => row[key],
    set: (row, value) => {
      row[key] = value
    },
  }
}

function number(key: Named<number>, sql: string, zeroIsNone: boolean): NumberField {
  return {
    form: 'number',
    column: key,
    sql,
    zeroIsNone,
    get: (row) => row[key],
    set: (row, value) => {
      row[key] = value
    },
  }
}

function names(key: Named<number>, sql: string, table: ReadonlyMap<number, string | null>, otherwise: string | null): NamesField {
  return {
    form: 'names',
    column: key,
    sql,
    names: table,
    otherwise,
    get: (row) => row[key],
    set: (row, value) => {
      row[key] = value
    },
  }
}

function hex(key: Named<bigint>, sql: string): Field {
  return {
    form: 'hex',
    column: key,
    sql,
    get: (row) => row[key],
    set: (row, value) => {
      row[key] = value
    },
  }
}

/** The digest of an unknown credential in hexadecimal digits; zeros are none. */
function fingerprint(): TextField {
  const blank = '0'.repeat(32)
  return {
    form: 'text',
    column: 'fingerprint',
    sql: `if(fingerprint = unhex('${blank}'), '', lower(hex(fingerprint)))`,
    get: ({ fingerprint: bytes }) => (bytes.every((byte) => byte === 0) ? '' : Buffer.from(bytes).toString('hex')),
    set: (row, value) => {
      row.fingerprint = Uint8Array.from(Buffer.from(value.padEnd(32, '0').slice(0, 32), 'hex'))
    },
  }
}

function flag(bit: number): NamesField {
  return {
    form: 'names',
    column: 'flags',
    sql: `toUInt8(bitAnd(flags, ${bit}) != 0)`,
    names: new Map([
      [0, 'false'],
      [1, 'true'],
    ]),
    otherwise: null,
    get: ({ flags }) => ((flags & bit) === 0 ? 0 : 1),
    set: (row, value) => {
      row.flags = value === 0 ? row.flags & ~bit : row.flags | bit
    },
  }
}

/** The class of a validation's reason: what the caller was told. */
function classField(): NamesField {
  const table = new Map<number, string | null>(Object.values(DECISION_REASONS).map((reason) => [reason.id, reason.class]))
  return names('reason', 'reason', table, null)
}

function namesOf(table: Readonly<Record<string, number>>): ReadonlyMap<number, string | null> {
  return new Map(Object.entries(table).map(([name, id]) => [id, name === 'none' ? null : name]))
}

function idsOf(table: Readonly<Record<string, { readonly id: number }>>): ReadonlyMap<number, string | null> {
  return new Map(Object.entries(table).map(([name, { id }]) => [id, name === 'none' ? null : name]))
}
