import { isIP } from 'node:net'
import type { EventRow } from '../../event/row.ts'
import type { BoundTest } from './bind.ts'
import { FIELDS, type Field } from './fields.ts'
import { addressHex } from './modifiers.ts'
import type { Logic, Order } from './rule.ts'
import { nameOf, partOf, textsOf } from './texts.ts'
import { foldAscii, wildTest } from './wild-text.ts'

export type Predicate = (row: EventRow) => boolean

/** A detection as a function of one event. `to-sql.ts` says the same in SQL; a property test holds both together. */
export function compilePredicate(logic: Logic<BoundTest>): Predicate {
  if ('leaf' in logic) return testPredicate(logic.leaf)
  if ('not' in logic) {
    const inner = compilePredicate(logic.not)
    return (row) => !inner(row)
  }
  const parts = ('all' in logic ? logic.all : logic.any).map(compilePredicate)
  return 'all' in logic ? (row) => parts.every((part) => part(row)) : (row) => parts.some((part) => part(row))
}

/** Fields whose texts a keyword may stand in. */
export const KEYWORD_FIELDS: readonly Field[] = [
  'type',
  'outcome',
  'reason',
  'kind',
  'service',
  'environment',
  'method',
  'route',
  'scope',
  'action',
  'country',
  'client',
  'limit',
  'requestId',
].flatMap((name) => FIELDS.get(name) ?? [])

function testPredicate({ field, match, part }: BoundTest): Predicate {
  if (field === null) {
    const test = textTest(match)
    return (row) => (row.detail !== '' && test(row.detail)) || KEYWORD_FIELDS.some((one) => textsOf(one, row).some(test))
  }
  if (match.is === 'present') return (row) => textsOf(field, row).length > 0
  if (match.is === 'absent') return (row) => textsOf(field, row).length === 0
  if (match.is === 'same') return samePredicate(field, match)
  if (part !== null) {
    const test = numberTest(match)
    return (row) => test(partOf(row.occurredAt, part))
  }
  if (isEmptyText(match)) return (row) => textsOf(field, row).every((text) => text === '')
  return valuePredicate(field, match)
}

/** Each form is read without more work than it needs. */
function valuePredicate(field: Field, match: BoundTest['match']): Predicate {
  if (field.form === 'number' && match.is !== 'text' && match.is !== 'regex') {
    const test = numberTest(match)
    return (row) => !(field.zeroIsNone && field.get(row) === 0) && test(field.get(row))
  }
  const test = textTest(match)
  if (field.form === 'text') return (row) => field.get(row) !== '' && test(field.get(row))
  if (field.form === 'names') {
    const ids = matchingIds(field, test)
    return (row) => ids(field.get(row))
  }
  return (row) => textsOf(field, row).some(test)
}

/** The vocabulary is finite: each name is tested once, when the rule is compiled. */
function matchingIds(field: Extract<Field, { form: 'names' }>, test: (text: string) => boolean): (id: number) => boolean {
  const holds = (name: string | null): boolean => name !== null && test(name)
  const known = new Map([...field.names.keys()].map((id) => [id, holds(nameOf(field, id))]))
  const otherwise = holds(field.otherwise)
  return (id) => known.get(id) ?? otherwise
}

/** `field: ''` also holds where the field is absent: columns cannot tell the two apart. */
export function isEmptyText(match: BoundTest['match']): boolean {
  return match.is === 'text' && match.text.length === 0
}

/** A value as text. */
export function textTest(match: BoundTest['match']): (text: string) => boolean {
  if (match.is === 'text') return wildTest(match.text, match.cased)
  if (match.is === 'number') {
    const wanted = foldAscii(match.text)
    return (text) => foldAscii(text) === wanted
  }
  if (match.is === 'names') return (text) => match.names.has(text)
  if (match.is === 'regex') return (text) => match.regex.test(text)
  if (match.is === 'cidr')
    return (text) => isIP(text) !== 0 && !text.includes('%') && isBetween(addressHex(text), match.low, match.high)
  const test = numberTest(match)
  return (text) => PLAIN_NUMBER.test(text) && test(Number(text))
}

/** A number as both engines read it: no exponent, no sign but minus, no more digits than a double holds. */
export const PLAIN_NUMBER = /^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$/

function isBetween(text: string, low: string, high: string): boolean {
  return low <= text && text <= high
}

function numberTest(match: BoundTest['match']): (value: number) => boolean {
  if (match.is === 'number') return (value) => value === match.value
  if (match.is === 'order') return (value) => ORDERS[match.than](value, match.value)
  throw new TypeError(`"${match.is}" is no comparison of numbers.`)
}

const ORDERS: Readonly<Record<Order, (a: number, b: number) => boolean>> = {
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
}

function samePredicate(field: Field, { other, how, cased }: Extract<BoundTest['match'], { is: 'same' }>): Predicate {
  const fold = cased ? (text: string): string => text : foldAscii
  const compare = HOWS[how]
  return (row) => {
    const others = textsOf(other, row).map(fold)
    return textsOf(field, row).some((text) => others.some((one) => compare(fold(text), one)))
  }
}

const HOWS = {
  equals: (a: string, b: string): boolean => a === b,
  contains: (a: string, b: string): boolean => a.includes(b),
  startswith: (a: string, b: string): boolean => a.startsWith(b),
  endswith: (a: string, b: string): boolean => a.endsWith(b),
} as const
