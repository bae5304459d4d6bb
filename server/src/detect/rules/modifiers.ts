import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { type Place, Refused } from './problem.ts'
import { type Comparison, type Logic, type Match, type Order, TIME_PARTS, type TimePart } from './rule.ts'
import { compileRegex, RegexRefused } from './safe-regex.ts'
import { ANY, normal, parseWildText, plainText, type WildText } from './wild-text.ts'
import type { ScalarNode } from './yaml.ts'

/** Values for `%name%` of the modifier `expand`. */
export type Placeholders = Readonly<Record<string, readonly string[]>>

/** The comparison of one field with one or more values: `field|modifier|…: values`. */
export function compareField(
  key: string,
  values: readonly ScalarNode[],
  at: Place,
  placeholders: Placeholders,
): Logic<Comparison> {
  const [name = '', ...words] = key.split('|')
  const modifiers = readModifiers(words, key, at)
  if (values.length === 0) throw new Refused(at, key, 'Expected at least one value; an empty list matches nothing.')
  if (values.length > VALUES_MAX) throw new Refused(at, key, `Expected at most ${VALUES_MAX} values.`)
  const about: About = { field: name === '' ? null : name, construct: key, part: modifiers.part }
  const leaves = values.map((value) => oneValue(value, modifiers, about, placeholders))
  const joined: Logic<Comparison> =
    leaves.length === 1 && leaves[0] ? leaves[0] : modifiers.every ? { all: leaves } : { any: leaves }
  return modifiers.unequal ? { not: joined } : joined
}

const VALUES_MAX = 2000

type About = Pick<Comparison, 'field' | 'construct' | 'part'>
type Change = (
  values: readonly WildText[],
  context: { readonly at: Place; readonly key: string; readonly placeholders: Placeholders },
) => readonly WildText[]

interface Modifiers {
  readonly changes: readonly Change[]
  readonly around: readonly Around[]
  readonly kind: 'text' | 're' | 'cidr' | 'order' | 'exists' | 'fieldref'
  readonly order: Order | null
  readonly flags: string
  readonly every: boolean
  readonly unequal: boolean
  readonly cased: boolean
  readonly part: TimePart | null
}

type Around = 'contains' | 'startswith' | 'endswith'
const AROUND: ReadonlySet<string> = new Set(['contains', 'startswith', 'endswith'])
const ORDERS: ReadonlySet<string> = new Set(['lt', 'lte', 'gt', 'gte'])
const PARTS: ReadonlySet<string> = new Set(TIME_PARTS)
const FLAGS: Readonly<Record<string, string | undefined>> = {
  i: 'i',
  ignorecase: 'i',
  m: 'm',
  multiline: 'm',
  s: 's',
  dotall: 's',
}
const KINDS: ReadonlySet<string> = new Set(['re', 'cidr', 'exists', 'fieldref'])

/** Sorts the modifiers of a field by what they do; which may stand together is said here and nowhere else. */
function readModifiers(words: readonly string[], key: string, at: Place): Modifiers {
  const changes: Change[] = []
  const around: Around[] = []
  let found: Omit<Modifiers, 'changes' | 'around'> = {
    kind: 'text',
    order: null,
    flags: '',
    every: false,
    unequal: false,
    cased: false,
    part: null,
  }
  const setKind = (kind: Modifiers['kind'], word: string): void => {
    if (found.kind !== 'text') throw new Refused(at, key, `"${word}" does not go together with "${found.kind}".`)
    found = { ...found, kind }
  }
  for (const word of words) {
    const change = CHANGES[word]
    const flag = FLAGS[word]
    if (change) changes.push(change)
    else if (AROUND.has(word)) around.push(word as Around)
    else if (flag && found.kind === 're') found = { ...found, flags: found.flags + flag }
    else if (ORDERS.has(word)) {
      setKind('order', word)
      found = { ...found, order: word as Order }
    } else if (KINDS.has(word)) setKind(word as Modifiers['kind'], word)
    else if (PARTS.has(word)) found = { ...found, part: word as TimePart }
    else if (word === 'all') found = { ...found, every: true }
    else if (word === 'neq') found = { ...found, unequal: true }
    else if (word === 'cased') found = { ...found, cased: true }
    else throw new Refused(at, key, `The modifier "${word}" is not known here.`)
  }
  const modifiers = { ...found, changes, around }
  refuseOddOnes(modifiers, key, at)
  return modifiers
}

function refuseOddOnes({ kind, changes, around, cased, part }: Modifiers, key: string, at: Place): void {
  if (around.length > 1) throw new Refused(at, key, 'Only one of contains, startswith and endswith can hold.')
  if (kind !== 'text' && kind !== 'fieldref' && around.length > 0)
    throw new Refused(at, key, `"${kind}" does not go together with "${around[0]}".`)
  if (kind !== 'text' && changes.length > 0) throw new Refused(at, key, `"${kind}" takes its value as it is.`)
  if (kind !== 'text' && kind !== 'fieldref' && cased) throw new Refused(at, key, `"cased" does not go together with "${kind}".`)
  if (part !== null && kind !== 'text' && kind !== 'order')
    throw new Refused(at, key, `A part of a time is a number; "${kind}" is not for numbers.`)
}

function oneValue(value: ScalarNode, modifiers: Modifiers, about: About, placeholders: Placeholders): Logic<Comparison> {
  const { at } = value
  const leaf = (match: Match): Logic<Comparison> => ({ leaf: { ...about, match, at } })
  const key = about.construct
  if (modifiers.kind === 'exists') return leaf({ is: booleanOf(value, key) ? 'present' : 'absent' })
  if (value.value === null) return nullValue(modifiers, leaf, key, at)
  if (modifiers.kind === 'order' && modifiers.order)
    return leaf({ is: 'order', than: modifiers.order, value: numberOf(value, key) })
  if (modifiers.kind === 're') return leaf({ is: 'regex', regex: regexOf(value.text, modifiers.flags, key, at) })
  if (modifiers.kind === 'cidr') return leaf(cidrOf(value.text, key, at))
  if (modifiers.kind === 'fieldref')
    return leaf({ is: 'field', other: value.text, how: modifiers.around[0] ?? 'equals', cased: modifiers.cased })
  if (isPlainNumber(value, modifiers)) return leaf({ is: 'number', value: Number(value.value), text: value.text })
  const texts = modifiers.changes.reduce<readonly WildText[]>(
    (all, change) => change(all, { at, key, placeholders }),
    [parseWildText(value.text)],
  )
  const leaves = texts.map((text) =>
    leaf({ is: 'text', text: surrounded(withoutMark(text), modifiers.around[0]), cased: modifiers.cased }),
  )
  return leaves.length === 1 && leaves[0] ? leaves[0] : { any: leaves }
}

function nullValue(modifiers: Modifiers, leaf: (match: Match) => Logic<Comparison>, key: string, at: Place): Logic<Comparison> {
  if (modifiers.kind === 'text' && modifiers.changes.length === 0 && modifiers.around.length === 0) return leaf({ is: 'absent' })
  throw new Refused(at, key, 'null stands alone or with neq; with other modifiers it has no meaning.')
}

function isPlainNumber(value: ScalarNode, { changes, around }: Modifiers): boolean {
  return typeof value.value === 'number' && changes.length === 0 && around.length === 0
}

function booleanOf(value: ScalarNode, key: string): boolean {
  if (typeof value.value === 'boolean') return value.value
  throw new Refused(value.at, key, 'Expected true or false.')
}

function numberOf(value: ScalarNode, key: string): number {
  const number = typeof value.value === 'number' ? value.value : Number(value.text.trim() === '' ? Number.NaN : value.text)
  if (Number.isFinite(number)) return number
  throw new Refused(value.at, key, 'Expected a number.')
}

function regexOf(source: string, flags: string, key: string, at: Place) {
  try {
    return compileRegex(source, {
      ignoreCase: flags.includes('i'),
      multiline: flags.includes('m'),
      dotAll: flags.includes('s'),
    })
  } catch (error) {
    if (!(error instanceof RegexRefused)) throw error
    throw new Refused(at, key, `The regular expression holds ${error.message}, which is not taken here.`)
  }
}

/** Both ends of a range as 16 bytes in hex; IPv4 as it is mapped into IPv6. */
function cidrOf(text: string, key: string, at: Place): Match {
  const [address = '', prefix] = text.split('/')
  const family = isIP(address)
  const bitsMax = family === 4 ? 32 : 128
  const bits = prefix === undefined ? bitsMax : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  if (family === 0 || !(bits <= bitsMax)) throw new Refused(at, key, 'Expected a range of addresses such as 192.0.2.0/24.')
  const fixed = family === 4 ? 96 + bits : bits
  const value = BigInt(`0x${addressHex(address)}`)
  const free = (1n << BigInt(128 - fixed)) - 1n
  const hex = (number: bigint): string => number.toString(16).padStart(32, '0')
  return { is: 'cidr', low: hex(value & ~free), high: hex(value | free) }
}

/** An address as 32 hexadecimal digits; IPv4 as `::ffff:…`. The text is one by `isIP`. */
export function addressHex(text: string): string {
  const address = ipaddr.parse(text)
  const bytes = address.kind() === 'ipv4' ? (address as ipaddr.IPv4).toIPv4MappedAddress().toByteArray() : address.toByteArray()
  return Buffer.from(bytes).toString('hex')
}

function surrounded(text: WildText, around: Around | undefined): WildText {
  if (around === undefined) return text
  return normal([...(around === 'startswith' ? [] : [ANY]), ...text, ...(around === 'endswith' ? [] : [ANY])])
}

/** Modifiers that change the value that is looked for. */
const CHANGES: Readonly<Record<string, Change | undefined>> = {
  base64: (values, context) => values.map((text) => [bytesOf(text, context).toString('base64')]),
  base64offset: (values, context) => values.flatMap((text) => offsetsOf(bytesOf(text, context))),
  wide: (values, context) => values.map((text) => encoded(text, 'utf16le', context)),
  utf16le: (values, context) => values.map((text) => encoded(text, 'utf16le', context)),
  utf16be: (values, context) => values.map((text) => encoded(text, 'utf16be', context)),
  utf16: (values, context) => values.map((text) => encoded(text, 'utf16', context)),
  windash: (values, context) => values.flatMap((text) => dashesOf(text, context)),
  expand: (values, context) => values.flatMap((text) => expanded(text, context)),
}

type Context = Parameters<Change>[1]

/** Encoded texts carry one byte per character, so that base64 can follow. */
const BYTE_MARK = '\u{F0000}'

function plainOf(text: WildText, { at, key }: Context): string {
  const plain = plainText(text)
  if (plain === undefined) throw new Refused(at, key, 'A value with wildcards cannot be encoded.')
  return plain
}

function encoded(text: WildText, how: 'utf16le' | 'utf16be' | 'utf16', context: Context): WildText {
  const bytes = Buffer.from(plainOf(text, context), 'utf16le')
  if (how === 'utf16be') bytes.swap16()
  const whole = how === 'utf16' ? Buffer.concat([Buffer.from([0xff, 0xfe]), bytes]) : bytes
  return [BYTE_MARK + whole.toString('latin1')]
}

function bytesOf(text: WildText, context: Context): Buffer {
  const plain = plainOf(text, context)
  return plain.startsWith(BYTE_MARK) ? Buffer.from(plain.slice(BYTE_MARK.length), 'latin1') : Buffer.from(plain, 'utf8')
}

/** What is sure of the base64 text when the value stands at each of the three offsets. */
function offsetsOf(bytes: Buffer): readonly WildText[] {
  return [0, 1, 2].map((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset, ' '), bytes]).toString('base64')
    const end = [undefined, -3, -2][(bytes.length + offset) % 3]
    return [whole.slice([0, 2, 3][offset], end)]
  })
}

const DASHES = ['-', '/', '\u2013', '\u2014', '\u2015'] as const
const DASHES_PER_VALUE_MAX = 3

/** Every way to write the dash of an option. */
function dashesOf(text: WildText, { at, key }: Context): readonly WildText[] {
  const count = text.reduce((sum, piece) => sum + (typeof piece === 'string' ? (piece.match(OPTION_DASH)?.length ?? 0) : 0), 0)
  if (count > DASHES_PER_VALUE_MAX) throw new Refused(at, key, `Expected at most ${DASHES_PER_VALUE_MAX} options in one value.`)
  let texts: WildText[] = [[]]
  for (const piece of text) {
    const ways = typeof piece === 'string' ? waysOf(piece) : [piece]
    texts = texts.flatMap((start) => ways.map((way) => [...start, way]))
  }
  return texts.map(normal)
}

const OPTION_DASH = /\B[-/]\b/g

function waysOf(text: string): readonly string[] {
  const parts = text.split(/\B[-/]\b/)
  return parts
    .slice(1)
    .reduce<readonly string[]>((ways, part) => ways.flatMap((way) => DASHES.map((dash) => way + dash + part)), [parts[0] ?? ''])
}

const EXPANSIONS_MAX = 1000

function expanded(text: WildText, { at, key, placeholders }: Context): readonly WildText[] {
  let texts: WildText[] = [[]]
  for (const piece of text) {
    const parts = typeof piece === 'string' ? piece.split(/(%\w+%)/) : [piece]
    for (const part of parts) {
      const ways = typeof part === 'string' && /^%\w+%$/.test(part) ? valuesOf(part, placeholders, key, at) : [[part]]
      texts = texts.flatMap((start) => ways.map((way) => [...start, ...way]))
      if (texts.length > EXPANSIONS_MAX)
        throw new Refused(at, key, `The placeholders expand to more than ${EXPANSIONS_MAX} values.`)
    }
  }
  return texts.map(normal)
}

function valuesOf(part: string, placeholders: Placeholders, key: string, at: Place): readonly WildText[] {
  const name = part.slice(1, -1)
  const values = Object.hasOwn(placeholders, name) ? placeholders[name] : undefined
  if (!values || values.length === 0) throw new Refused(at, key, `There are no values for the placeholder ${part}.`)
  return values.map(parseWildText)
}

/** A byte text as it is compared when no base64 follows. */
function withoutMark(text: WildText): WildText {
  return text.map((piece) => (typeof piece === 'string' ? piece.replaceAll(BYTE_MARK, '') : piece))
}
