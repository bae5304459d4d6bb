/** Members of the outermost object that are remembered, as positions of their values. */
export interface Places {
  /** Begin and end of the value of each name asked for; -1 where it is absent. */
  readonly begins: Int32Array
  readonly ends: Int32Array
}

/** Entries of the log: at most 4 levels deep and 4 KiB. */
const DEPTH_MAX = 4
const BYTES_MAX = 4096

/**
 * Makes a scanner of canonical JSON (RFC 8785) in the profile of entries: integers only, names in order and once,
 * one spelling of every string. It reads bytes once and remembers where the values of the outermost object's members
 * stand. It says the same as `checkCanonical`, five times as fast; a test holds the two together.
 */
export function createScanner(names: readonly string[]): {
  scan(entry: Uint8Array): string | undefined
  readonly places: Places
} {
  const wanted = names.map((name) => new TextEncoder().encode(name))
  const places: Places = { begins: new Int32Array(names.length), ends: new Int32Array(names.length) }
  let bytes: Uint8Array = new Uint8Array(0)
  let at = 0
  let wrong: string | undefined
  /** Whether the string just read is plain ASCII without escapes. */
  let isPlain = true

  function fail(why: string): false {
    wrong ??= `${why} at byte ${at}`
    return false
  }

  function value(depth: number): boolean {
    const byte = bytes[at]
    if (byte === 0x22) return string()
    if (byte === 0x7b) return depth < DEPTH_MAX ? object(depth + 1) : fail('more than 4 levels')
    if (byte === 0x5b) return depth < DEPTH_MAX ? array(depth + 1) : fail('more than 4 levels')
    if (byte === 0x2d || (byte !== undefined && byte >= 0x30 && byte <= 0x39)) return integer()
    return literal(byte)
  }

  function object(depth: number): boolean {
    at += 1
    if (bytes[at] === 0x7d) return ((at += 1), true)
    let [nameBegin, nameEnd, wasPlain] = [-1, -1, true]
    for (;;) {
      const begin = at
      if (bytes[at] !== 0x22) return fail('no name')
      if (!string()) return false
      if (nameBegin !== -1 && !isAfter(nameBegin, nameEnd, begin, at, wasPlain && isPlain))
        return fail('names that are not in order, or twice')
      ;[nameBegin, nameEnd, wasPlain] = [begin, at, isPlain]
      if (bytes[at] !== 0x3a) return fail('no colon')
      at += 1
      const valueBegin = at
      if (!value(depth)) return false
      if (depth === 1) remember(nameBegin + 1, nameEnd - 1, valueBegin)
      const next = bytes[at]
      at += 1
      if (next === 0x7d) return true
      if (next !== 0x2c) return ((at -= 1), fail('no comma'))
    }
  }

  function array(depth: number): boolean {
    at += 1
    if (bytes[at] === 0x5d) return ((at += 1), true)
    for (;;) {
      if (!value(depth)) return false
      const next = bytes[at]
      at += 1
      if (next === 0x5d) return true
      if (next !== 0x2c) return ((at -= 1), fail('no comma'))
    }
  }

  function string(): boolean {
    isPlain = true
    at += 1
    for (;;) {
      // the long way in one tight loop over local variables
      const source = bytes
      let end = at
      let byte = source[end]
      while (byte !== undefined && PLAIN[byte] === 1) byte = source[++end]
      at = end
      if (byte === 0x22) return ((at += 1), true)
      if (byte === undefined) return fail('a string without end')
      if (byte < 0x20) return fail('a bare control character')
      isPlain = false
      if (byte === 0x5c ? !escape() : !wide(byte)) return false
    }
  }

  /** Only what must be escaped is, and in its shortest form. */
  function escape(): boolean {
    const byte = bytes[at + 1] ?? 0
    if (SHORT_ESCAPES.has(byte)) return ((at += 2), true)
    const code = byte === 0x75 ? LONG_ESCAPES.get(String.fromCharCode(...bytes.subarray(at + 2, at + 6))) : undefined
    return code === undefined ? fail('an escape that is not canonical') : ((at += 6), true)
  }

  /** One character of well-formed UTF-8 beyond ASCII: no overlong form, no surrogate, nothing beyond U+10FFFF. */
  function wide(first: number): boolean {
    const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1
    const second = bytes[at + 1] ?? 0
    const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
    const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
    if (first < 0xc2 || first > 0xf4 || second < low || second > high) return fail('bytes that are not UTF-8')
    for (let i = 2; i <= more; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return fail('bytes that are not UTF-8')
    at += 1 + more
    return true
  }

  function integer(): boolean {
    const isNegative = bytes[at] === 0x2d
    if (isNegative) at += 1
    const begin = at
    let [sum, byte] = [0, bytes[at]]
    for (; byte !== undefined && byte >= 0x30 && byte <= 0x39; byte = bytes[++at]) sum = sum * 10 + (byte - 0x30)
    const digits = at - begin
    if (digits === 0 || (bytes[begin] === 0x30 && (digits > 1 || isNegative))) return fail('a number that is not canonical')
    if (digits > 16 || sum > Number.MAX_SAFE_INTEGER) return fail('a number beyond 2^53 - 1')
    return byte === 0x2e || byte === 0x65 || byte === 0x45 ? fail('a number that is no integer') : true
  }

  function literal(byte: number | undefined): boolean {
    const word = byte === undefined ? undefined : LITERALS.get(byte)
    if (!word) return fail('no value')
    for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return fail('no value')
    at += word.length
    return true
  }

  function isAfter(begin: number, end: number, nextBegin: number, nextEnd: number, plain: boolean): boolean {
    if (!plain) return text(begin, end) < text(nextBegin, nextEnd)
    const length = Math.min(end - begin, nextEnd - nextBegin) - 1
    for (let i = 1; i < length; i++) {
      const [one = 0, other = 0] = [bytes[begin + i], bytes[nextBegin + i]]
      if (one !== other) return one < other
    }
    return end - begin < nextEnd - nextBegin
  }

  function text(begin: number, end: number): string {
    return JSON.parse(DECODER.decode(bytes.subarray(begin, end))) as string
  }

  function remember(begin: number, end: number, valueBegin: number): void {
    for (let k = 0; k < wanted.length; k++) {
      const name = wanted[k]
      if (name?.length !== end - begin) continue
      let i = 0
      while (i < name.length && name[i] === bytes[begin + i]) i++
      if (i === name.length) {
        places.begins[k] = valueBegin
        places.ends[k] = at
        return
      }
    }
  }

  return {
    places,
    scan(entry) {
      bytes = entry
      at = 0
      wrong = undefined
      places.begins.fill(-1)
      if (entry.length > BYTES_MAX) return `more than ${BYTES_MAX} bytes`
      if (entry[0] !== 0x7b) return 'no object'
      if (object(1) && at !== entry.length) fail('more than one value')
      return wrong
    },
  }
}

const DECODER = new TextDecoder()
/** ASCII that stands for itself inside a string. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== 0x22 && byte !== 0x5c ? 1 : 0,
)
const SHORT_ESCAPES: ReadonlySet<number> = new Set(Array.from('"\\bfnrt', (char) => char.charCodeAt(0)))
/** Control characters without a short form, as four lower-case hexadecimal digits. */
const LONG_ESCAPES: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 0x20 }, (_, code) => code)
    .filter((code) => ![8, 9, 10, 12, 13].includes(code))
    .map((code) => [code.toString(16).padStart(4, '0'), code]),
)
const LITERALS: ReadonlyMap<number, Uint8Array> = new Map(
  ['true', 'false', 'null'].map((word) => [word.charCodeAt(0), new TextEncoder().encode(word)]),
)
