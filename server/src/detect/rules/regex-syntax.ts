/** A regular expression as a tree. Only what both engines can do in linear time has a form here. */
export type RegexNode =
  | { readonly is: 'set'; readonly ranges: Ranges }
  | { readonly is: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly is: 'choice'; readonly parts: readonly RegexNode[] }
  | { readonly is: 'repeat'; readonly part: RegexNode; readonly min: number; readonly max: number }
  | { readonly is: 'assert'; readonly what: Assertion }

export type Assertion = 'start' | 'end' | 'line start' | 'line end' | 'word edge' | 'no word edge'

/** Sorted, disjoint ranges of code points. */
export type Ranges = readonly (readonly [number, number])[]

export interface RegexFlags {
  readonly ignoreCase: boolean
  readonly multiline: boolean
  readonly dotAll: boolean
}

/** What a regular expression may not hold, in words for its author. */
export class RegexRefused extends Error {
  override readonly name = 'RegexRefused'
}

const CODE_POINT_MAX = 0x10ffff
export const REPEATS_MAX = 1000
const CHARS_MAX = 1000
const DEPTH_MAX = 50

/** Parses a regular expression; look-around, back-references and what engines read differently are refused. */
export function parseRegex(source: string, flags: RegexFlags): RegexNode {
  const chars = Array.from(source)
  if (chars.length > CHARS_MAX) throw new RegexRefused(`a regular expression of more than ${CHARS_MAX} characters`)
  let next = 0
  let depth = 0
  let active = flags

  const peek = (ahead = 0): string | undefined => chars[next + ahead]
  const takeIf = (text: string): boolean => {
    if (!Array.from(text).every((char, i) => peek(i) === char)) return false
    next += text.length
    return true
  }

  function choice(): RegexNode {
    const parts = [sequence()]
    while (takeIf('|')) parts.push(sequence())
    return parts.length === 1 && parts[0] ? parts[0] : { is: 'choice', parts }
  }

  function sequence(): RegexNode {
    const parts: RegexNode[] = []
    while (peek() !== undefined && peek() !== '|' && peek() !== ')') {
      const inline = inlineFlags()
      if (inline) active = inline
      else parts.push(repeated(atom()))
    }
    return { is: 'sequence', parts }
  }

  /** `(?i)` holds to the end of its group. */
  function inlineFlags(): RegexFlags | undefined {
    const match = /^\(\?([ims]+)\)/.exec(chars.slice(next, next + 8).join(''))
    if (!match?.[1]) return undefined
    next += match[0].length
    return withFlags(active, match[1])
  }

  function repeated(part: RegexNode): RegexNode {
    let node = part
    for (let count = 0; ; count += 1) {
      const times = quantifier()
      if (!times) return node
      if (count > 0) throw new RegexRefused('a repeat of a repeat')
      if (part.is === 'assert') throw new RegexRefused('a repeat of an anchor')
      if (peek() === '+') throw new RegexRefused('a possessive repeat')
      takeIf('?')
      node = { is: 'repeat', part: node, ...times }
    }
  }

  function quantifier(): { min: number; max: number } | undefined {
    if (takeIf('*')) return { min: 0, max: Infinity }
    if (takeIf('+')) return { min: 1, max: Infinity }
    if (takeIf('?')) return { min: 0, max: 1 }
    const match = /^\{(\d{1,5})(,(\d{0,5}))?\}/.exec(chars.slice(next, next + 14).join(''))
    if (!match) return undefined
    next += match[0].length
    const min = Number(match[1])
    const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3])
    if (min > REPEATS_MAX || (max !== Infinity && max > REPEATS_MAX)) throw new RegexRefused(`more than ${REPEATS_MAX} repeats`)
    if (max < min) throw new RegexRefused('a repeat whose end is before its beginning')
    return { min, max }
  }

  function atom(): RegexNode {
    const char = peek() ?? ''
    next += 1
    if (char === '(') return group()
    if (char === '[') return { is: 'set', ranges: folded(bracket()) }
    if (char === '.') return { is: 'set', ranges: active.dotAll ? ALL : complement([[10, 10]]) }
    if (char === '^') return { is: 'assert', what: active.multiline ? 'line start' : 'start' }
    if (char === '$') return { is: 'assert', what: active.multiline ? 'line end' : 'end' }
    if (char === '\\') return escape()
    if (char === '*' || char === '+' || char === '?') throw new RegexRefused(`"${char}" with nothing to repeat`)
    if (char === '{' && /^\d*,?\d*\}/.test(chars.slice(next, next + 14).join('')))
      throw new RegexRefused('"{" with nothing to repeat; write "\\{"')
    return literal(char)
  }

  function group(): RegexNode {
    depth += 1
    if (depth > DEPTH_MAX) throw new RegexRefused(`more than ${DEPTH_MAX} nested groups`)
    const outer = active
    openGroup()
    const inner = choice()
    if (!takeIf(')')) throw new RegexRefused('a group that is not closed')
    active = outer
    depth -= 1
    return inner
  }

  function openGroup(): void {
    if (!takeIf('?')) return
    const rest = chars.slice(next, next + 70).join('')
    if (/^(?:=|!|<=|<!)/.test(rest)) throw new RegexRefused('look-around')
    if (rest.startsWith('>')) throw new RegexRefused('an atomic group')
    if (/^(?:P=|\(|R|&|\d|\||P>)/.test(rest)) throw new RegexRefused('a back-reference, recursion or condition')
    const match = /^(?:P?<[A-Za-z_]\w{0,60}>|([ims]*):)/.exec(rest)
    if (!match) throw new RegexRefused(`a group that begins with "(?${rest.slice(0, 2)}"`)
    next += match[0].length
    if (match[1]) active = withFlags(active, match[1])
  }

  function escape(): RegexNode {
    const char = peek()
    const assertion = ASSERTIONS[char ?? '']
    if (assertion) {
      next += 1
      return { is: 'assert', what: assertion }
    }
    return { is: 'set', ranges: folded(escapedSet(false)) }
  }

  /** The set that an escape stands for; `next` is behind the backslash. */
  function escapedSet(inBracket: boolean): Ranges {
    const char = peek()
    if (char === undefined) throw new RegexRefused('a backslash at the end')
    next += 1
    const named = CLASSES[char]
    if (named) return named
    if (CONTROLS[char] !== undefined) return [[CONTROLS[char], CONTROLS[char]]]
    if (char === 'x' || char === 'u') return single(hexEscape(char))
    if (char === '0' && !/\d/.test(peek() ?? '')) return single(0)
    if (/[1-9]/.test(char) || char === 'k' || char === 'g') throw new RegexRefused('a back-reference')
    if (inBracket && char === 'b') return single(8)
    if (/[A-Za-z0-9]/.test(char)) throw new RegexRefused(`the escape "\\${char}"`)
    return single(char.codePointAt(0) ?? 0)
  }

  function hexEscape(kind: 'x' | 'u'): number {
    const rest = chars.slice(next, next + 9).join('')
    const match =
      kind === 'x'
        ? /^(?:([\dA-Fa-f]{2})|\{([\dA-Fa-f]{1,6})\})/.exec(rest)
        : /^(?:([\dA-Fa-f]{4})|\{([\dA-Fa-f]{1,6})\})/.exec(rest)
    const value = Number.parseInt(match?.[1] ?? match?.[2] ?? '', 16)
    if (!match || !(value <= CODE_POINT_MAX)) throw new RegexRefused(`the escape "\\${kind}"`)
    next += match[0].length
    return value
  }

  function bracket(): Ranges {
    const negative = takeIf('^')
    const ranges: (readonly [number, number])[] = []
    for (let first = true; ; first = false) {
      const char = peek()
      if (char === undefined) throw new RegexRefused('a class "[" that is not closed')
      if (char === ']' && !first) break
      ranges.push(...bracketItem())
    }
    next += 1
    const set = active.ignoreCase ? foldedRanges(merged(ranges)) : merged(ranges)
    return negative ? complement(set) : set
  }

  function bracketItem(): Ranges {
    if (peek() === '[' && (peek(1) === ':' || peek(1) === '.' || peek(1) === '=')) return posixClass()
    const low = bracketChar()
    if (low.length !== 1 || low[0]?.[0] !== low[0]?.[1] || peek() !== '-' || peek(1) === ']') return low
    next += 1
    const high = bracketChar()
    const [from, to] = [low[0]?.[0] ?? 0, high[0]?.[1] ?? 0]
    if (high.length !== 1 || high[0]?.[0] !== to || to < from) throw new RegexRefused('a range of a class that has no order')
    return [[from, to]]
  }

  function bracketChar(): Ranges {
    const char = peek()
    if (char === undefined) throw new RegexRefused('a class "[" that is not closed')
    next += 1
    return char === '\\' ? escapedSet(true) : single(char.codePointAt(0) ?? 0)
  }

  function posixClass(): Ranges {
    const match = /^\[:(\w+):\]/.exec(chars.slice(next, next + 12).join(''))
    const ranges = POSIX[match?.[1] ?? '']
    if (!match || !ranges) throw new RegexRefused('an unknown class "[:…:]"')
    next += match[0].length
    return ranges
  }

  const literal = (char: string): RegexNode => ({ is: 'set', ranges: folded(single(char.codePointAt(0) ?? 0)) })
  const folded = (ranges: Ranges): Ranges => (active.ignoreCase ? foldedRanges(ranges) : ranges)

  const tree = choice()
  if (peek() === ')') throw new RegexRefused('a ")" without its "("')
  return tree
}

function withFlags(flags: RegexFlags, letters: string): RegexFlags {
  return {
    ignoreCase: flags.ignoreCase || letters.includes('i'),
    multiline: flags.multiline || letters.includes('m'),
    dotAll: flags.dotAll || letters.includes('s'),
  }
}

const ALL: Ranges = [[0, CODE_POINT_MAX]]
const DIGIT: Ranges = [[48, 57]]
export const WORD: Ranges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
]
const SPACE: Ranges = [
  [9, 13],
  [32, 32],
]
const CLASSES: Readonly<Record<string, Ranges | undefined>> = {
  d: DIGIT,
  D: complement(DIGIT),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
}
const POSIX: Readonly<Record<string, Ranges | undefined>> = {
  alpha: [
    [65, 90],
    [97, 122],
  ],
  digit: DIGIT,
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
  upper: [[65, 90]],
  lower: [[97, 122]],
  space: SPACE,
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
  word: WORD,
}
const CONTROLS: Readonly<Record<string, number | undefined>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27 }
const ASSERTIONS: Readonly<Record<string, Assertion | undefined>> = {
  b: 'word edge',
  B: 'no word edge',
  A: 'start',
  z: 'end',
  Z: 'end',
}

function single(code: number): Ranges {
  return [[code, code]]
}

/** Sorted and joined. */
export function merged(ranges: Ranges): Ranges {
  const joined: [number, number][] = []
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined
}

function complement(ranges: Ranges): Ranges {
  const rest: [number, number][] = []
  let from = 0
  for (const [low, high] of merged(ranges)) {
    if (low > from) rest.push([from, low - 1])
    from = high + 1
  }
  if (from <= CODE_POINT_MAX) rest.push([from, CODE_POINT_MAX])
  return rest
}

/** ASCII letters in both cases; other letters as they are, in both engines alike. */
function foldedRanges(ranges: Ranges): Ranges {
  const more = ranges.flatMap(([from, to]) => [
    ...shifted(Math.max(from, 65), Math.min(to, 90), 32),
    ...shifted(Math.max(from, 97), Math.min(to, 122), -32),
  ])
  return merged([...ranges, ...more])
}

function shifted(from: number, to: number, by: number): Ranges {
  return from <= to ? [[from + by, to + by]] : []
}
