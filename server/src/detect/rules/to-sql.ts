import type { SqlValue } from '../../store/store.ts'
import type { BoundTest } from './bind.ts'
import type { Field } from './fields.ts'
import { isEmptyText, KEYWORD_FIELDS, PLAIN_NUMBER, textTest } from './match.ts'
import type { Logic, Order, TimePart } from './rule.ts'
import { nameOf } from './texts.ts'
import { ANY, foldAscii, ONE, type WildText } from './wild-text.ts'

/** A condition over the table `events`. Its text comes from constants alone; what the rule says is in the parameters. */
export interface SqlCondition {
  readonly sql: string
  readonly params: Readonly<Record<string, SqlValue>>
}

/** The same detection as `compilePredicate`, in SQL. `prefix` keeps the parameters of several conditions apart. */
export function compileSql(logic: Logic<BoundTest>, prefix = 'p'): SqlCondition {
  const params: Record<string, SqlValue> = {}
  const bind: Bind = (type, value) => {
    const name = `${prefix}${Object.keys(params).length}`
    params[name] = value
    return `{${name}:${type}}`
  }
  return { sql: logicSql(logic, bind), params }
}

/** The texts of a field as an array expression, for grouping and counting values. */
export function textsSql(field: Field, prefix: string): SqlCondition {
  const params: Record<string, SqlValue> = {}
  const bind: Bind = (type, value) => {
    const name = `${prefix}${Object.keys(params).length}`
    params[name] = value
    return `{${name}:${type}}`
  }
  return { sql: arraySql(field, bind), params }
}

type ParamType = 'String' | 'Float64' | 'Array(Int64)' | 'Array(String)'
type Bind = (type: ParamType, value: SqlValue) => string

function logicSql(logic: Logic<BoundTest>, bind: Bind): string {
  if ('leaf' in logic) return testSql(logic.leaf, bind)
  if ('not' in logic) return `NOT ${logicSql(logic.not, bind)}`
  const parts = ('all' in logic ? logic.all : logic.any).map((part) => logicSql(part, bind))
  return `(${parts.join('all' in logic ? ' AND ' : ' OR ')})`
}

function testSql({ field, match, part }: BoundTest, bind: Bind): string {
  if (field === null) return keywordSql(match, bind)
  if (match.is === 'present') return `notEmpty(${arraySql(field, bind)})`
  if (match.is === 'absent') return `empty(${arraySql(field, bind)})`
  if (match.is === 'same') return sameSql(field, match, bind)
  if (part !== null) return numberSql(match, PARTS[part], bind)
  if (isEmptyText(match)) return `arrayAll(x -> x = '', ${arraySql(field, bind)})`
  return valueSql(field, match, bind)
}

type Value = BoundTest['match']

function valueSql(field: Field, match: Value, bind: Bind): string {
  if (field.form === 'names') return namesSql(field, textTest(match), bind)
  if (field.form === 'number' && match.is !== 'text' && match.is !== 'regex') {
    const compared = numberSql(match, field.sql, bind)
    return field.zeroIsNone ? `(${field.sql} != 0 AND ${compared})` : compared
  }
  if (field.form === 'text') return `(${field.sql} != '' AND ${textSql(match, field.sql, bind)})`
  return `arrayExists(x -> ${textSql(match, 'x', bind)}, ${arraySql(field, bind)})`
}

/** The numbers of the names that match; where unknown numbers match too, those that do not. */
function namesSql(field: Extract<Field, { form: 'names' }>, test: (text: string) => boolean, bind: Bind): string {
  const holds = (name: string | null): boolean => name !== null && test(name)
  const ids = [...field.names.keys()]
  const isIn = holds(field.otherwise)
  const chosen = ids.filter((id) => holds(nameOf(field, id)) !== isIn)
  return `(${field.sql} ${isIn ? 'NOT IN' : 'IN'} ${bind('Array(Int64)', chosen)})`
}

function keywordSql(match: Value, bind: Bind): string {
  const parts = KEYWORD_FIELDS.map((field) => valueSql(field, match, bind))
  return `(${[...parts, `(detail != '' AND ${textSql(match, 'detail', bind)})`].join(' OR ')})`
}

const ORDERS: Readonly<Record<Order, string>> = { lt: '<', lte: '<=', gt: '>', gte: '>=' }

function numberSql(match: Value, sql: string, bind: Bind): string {
  if (match.is === 'number') return `(${sql} = ${bind('Float64', match.value)})`
  if (match.is === 'order') return `(${sql} ${ORDERS[match.than]} ${bind('Float64', match.value)})`
  throw new TypeError(`"${match.is}" is no comparison of numbers.`)
}

/** A condition on one text expression. */
function textSql(match: Value, sql: string, bind: Bind): string {
  if (match.is === 'text') return wildSql(match.text, match.cased, sql, bind)
  if (match.is === 'number') return `(lower(${sql}) = ${bind('String', foldAscii(match.text))})`
  if (match.is === 'regex') return `match(${sql}, ${bind('String', match.regex.re2)})`
  if (match.is === 'cidr') return cidrSql(match, sql, bind)
  if (match.is === 'order')
    return `(match(${sql}, ${bind('String', PLAIN_NUMBER.source)}) AND ${numberSql(match, `toFloat64OrZero(${sql})`, bind)})`
  throw new TypeError(`"${match.is}" is no comparison of texts.`)
}

function cidrSql({ low, high }: Extract<Value, { is: 'cidr' }>, sql: string, bind: Bind): string {
  const hex = `lower(hex(IPv6StringToNumOrDefault(${sql})))`
  const isAddress = `(isIPv4String(${sql}) OR isIPv6String(${sql}))`
  return `(${isAddress} AND ${hex} >= ${bind('String', low)} AND ${hex} <= ${bind('String', high)})`
}

function wildSql(pieces: WildText, cased: boolean, sql: string, bind: Bind): string {
  const text = cased ? sql : `lower(${sql})`
  const literal = (piece: string): string => bind('String', cased ? piece : foldAscii(piece))
  const [first, second, third] = pieces
  if (pieces.length === 0) return `(${sql} = '')`
  if (pieces.length === 1 && typeof first === 'string') return `(${text} = ${literal(first)})`
  if (pieces.length === 1 && first === ANY) return `1`
  if (pieces.length === 2 && first === ANY && typeof second === 'string') return `endsWith(${text}, ${literal(second)})`
  if (pieces.length === 2 && second === ANY && typeof first === 'string') return `startsWith(${text}, ${literal(first)})`
  if (pieces.length === 3 && first === ANY && third === ANY && typeof second === 'string')
    return `(position(${text}, ${literal(second)}) > 0)`
  return `(${text} LIKE ${bind('String', pieces.map((piece) => likeText(piece, cased)).join(''))})`
}

function likeText(piece: string | symbol, cased: boolean): string {
  if (piece === ANY) return '%'
  if (piece === ONE || typeof piece !== 'string') return '_'
  return (cased ? piece : foldAscii(piece)).replaceAll(/[\\%_]/g, '\\$&')
}

const HOWS = {
  equals: 'x = y',
  contains: 'position(x, y) > 0',
  startswith: 'startsWith(x, y)',
  endswith: 'endsWith(x, y)',
} as const

function sameSql(field: Field, { other, how, cased }: Extract<Value, { is: 'same' }>, bind: Bind): string {
  const texts = (one: Field): string => (cased ? arraySql(one, bind) : `arrayMap(t -> lower(t), ${arraySql(one, bind)})`)
  return `arrayExists(x -> arrayExists(y -> ${HOWS[how]}, ${texts(other)}), ${texts(field)})`
}

const AT_MS = 'toUnixTimestamp64Milli(occurred_at)'

/** Every field as an array of texts; empty where it is absent. */
function arraySql(field: Field, bind: Bind): string {
  if (field.form === 'text') return `if(${field.sql} = '', emptyArrayString(), [toString(${field.sql})])`
  if (field.form === 'time') return `[toString(${AT_MS})]`
  if (field.form === 'hex') return `if(${field.sql} = 0, emptyArrayString(), [lower(leftPad(hex(${field.sql}), 16, '0'))])`
  if (field.form === 'number') {
    const some = `[toString(${field.sql})]`
    return field.zeroIsNone ? `if(${field.sql} = 0, emptyArrayString(), ${some})` : some
  }
  return field.form === 'names' ? namesArraySql(field, bind) : detailSql(field.path, bind)
}

function namesArraySql(field: Extract<Field, { form: 'names' }>, bind: Bind): string {
  const ids = [...field.names.keys()]
  const texts = ids.map((id) => nameOf(field, id) ?? '')
  const name = `transform(toInt64(${field.sql}), ${bind('Array(Int64)', ids)}, ${bind('Array(String)', texts)}, ${bind('String', field.otherwise ?? '')})`
  return `arrayFilter(t -> t != '', [${name}])`
}

/** Texts, numbers and truth values of a JSON value or of the list that it is. */
function detailSql(path: readonly string[], bind: Bind): string {
  const way = ['detail', ...path.map((key) => bind('String', key))].join(', ')
  const raws = `if(JSONType(${way}) = 'Array', JSONExtractArrayRaw(${way}), [JSONExtractRaw(${way})])`
  const scalars = `arrayFilter(r -> NOT (r IN ('', 'null') OR startsWith(r, '{') OR startsWith(r, '[')), ${raws})`
  return `arrayMap(r -> if(startsWith(r, '"'), JSONExtractString(r), r), ${scalars})`
}

const PARTS: Readonly<Record<TimePart, string>> = {
  minute: 'toMinute(occurred_at)',
  hour: 'toHour(occurred_at)',
  day: 'toDayOfMonth(occurred_at)',
  week: 'toISOWeek(occurred_at)',
  month: 'toMonth(occurred_at)',
  year: 'toYear(occurred_at)',
}
