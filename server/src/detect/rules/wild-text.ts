/** Text of a rule with Sigma's wildcards: `*` any characters, `?` one. Two wildcards `*` never stand side by side. */
export type WildText = readonly (string | symbol)[]

export const ANY: unique symbol = Symbol('*')
export const ONE: unique symbol = Symbol('?')

/** Reads `*`, `?` and their escapes `\*`, `\?`, `\\*`; any other backslash is itself. */
export function parseWildText(text: string): WildText {
  const pieces: (string | symbol)[] = []
  for (const [part] of text.matchAll(/\\[*?\\]|[*?]|[^*?\\]+|\\/g)) {
    if (part === '*') pieces.push(ANY)
    else if (part === '?') pieces.push(ONE)
    else pieces.push(part.length === 2 && part.startsWith('\\') ? part.slice(1) : part)
  }
  return normal(pieces)
}

/** Literal texts are joined, repeated `*` are one. */
export function normal(pieces: WildText): WildText {
  const joined: (string | symbol)[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    if (typeof piece === 'string' && typeof last === 'string') joined[joined.length - 1] = last + piece
    else if (piece !== '' && !(piece === ANY && last === ANY)) joined.push(piece)
  }
  return joined
}

/** The text where no wildcard stands in it. */
export function plainText(pieces: WildText): string | undefined {
  if (pieces.length === 0) return ''
  return pieces.length === 1 && typeof pieces[0] === 'string' ? pieces[0] : undefined
}

/** ASCII letters in either case are the same; nothing else is folded, so that memory and SQL agree to the letter. */
export function foldAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replaceAll(/[A-Z]+/g, (part) => part.toLowerCase()) : text
}

/** Does the whole text match? Greedy with one way back, so it takes at most text × pattern steps. */
export function wildTest(pieces: WildText, cased: boolean): (text: string) => boolean {
  const pattern = pieces.map((piece) => (typeof piece === 'string' && !cased ? foldAscii(piece) : piece))
  const fold = cased ? (text: string): string => text : foldAscii
  const [first, second, third] = pattern
  if (pattern.length === 0) return (text) => text === ''
  if (pattern.length === 1 && typeof first === 'string') return (text) => fold(text) === first
  if (pattern.length === 1 && first === ANY) return () => true
  if (pattern.length === 2 && first === ANY && typeof second === 'string') return (text) => fold(text).endsWith(second)
  if (pattern.length === 2 && second === ANY && typeof first === 'string') return (text) => fold(text).startsWith(first)
  if (pattern.length === 3 && first === ANY && third === ANY && typeof second === 'string')
    return (text) => fold(text).includes(second)
  const symbols = pattern.flatMap((piece): readonly (string | symbol)[] =>
    typeof piece === 'string' ? Array.from(piece) : [piece],
  )
  return (text) => globMatches(symbols, Array.from(fold(text)))
}

function globMatches(pattern: readonly (string | symbol)[], text: readonly string[]): boolean {
  let [at, p, star, resume] = [0, 0, -1, 0]
  while (at < text.length) {
    if (p < pattern.length && (pattern[p] === ONE || pattern[p] === text[at])) {
      at += 1
      p += 1
    } else if (pattern[p] === ANY) {
      star = p
      resume = at
      p += 1
    } else if (star >= 0) {
      resume += 1
      at = resume
      p = star + 1
    } else return false
  }
  while (pattern[p] === ANY) p += 1
  return p === pattern.length
}
