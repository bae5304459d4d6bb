import { createRegexTest } from './regex-program.ts'
import { parseRegex, type Ranges, type RegexFlags, type RegexNode, RegexRefused } from './regex-syntax.ts'

/** A regular expression of a rule, for memory and for the store. Both read the same tree and both are linear. */
export interface SafeRegex {
  /** Is the expression found somewhere in the text? */
  test(text: string): boolean
  /** The same for the store's engine (RE2), written out so that no default of an engine matters. */
  readonly re2: string
}

/** Compiles a regular expression. What cannot be matched in linear time is refused with a `RegexRefused`. */
export function compileRegex(source: string, flags: RegexFlags): SafeRegex {
  const tree = parseRegex(source, flags)
  refuseNestedRepeats(tree, false)
  return { test: createRegexTest(tree), re2: textOf(tree) }
}

/** Unbounded repeats inside unbounded repeats: harmless here, deadly in most other engines, and never what an author needs. */
function refuseNestedRepeats(node: RegexNode, inside: boolean): void {
  if (node.is === 'repeat') {
    const unbounded = node.max === Infinity
    if (inside && unbounded) throw new RegexRefused('an unbounded repeat inside an unbounded repeat')
    refuseNestedRepeats(node.part, inside || unbounded)
  } else if (node.is === 'sequence' || node.is === 'choice') {
    for (const part of node.parts) refuseNestedRepeats(part, inside)
  }
}

function textOf(node: RegexNode): string {
  if (node.is === 'set') return setText(node.ranges)
  if (node.is === 'assert') return ASSERTION_TEXTS[node.what]
  if (node.is === 'sequence') return node.parts.map(textOf).join('')
  if (node.is === 'choice') return `(?:${node.parts.map(textOf).join('|')})`
  return `(?:${textOf(node.part)})${timesText(node.min, node.max)}`
}

function timesText(min: number, max: number): string {
  if (max === Infinity) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  return min === 0 && max === 1 ? '?' : `{${min},${max}}`
}

const ASSERTION_TEXTS = {
  start: '\\A',
  end: '\\z',
  'line start': '(?m:^)',
  'line end': '(?m:$)',
  'word edge': '\\b',
  'no word edge': '\\B',
} as const

function setText(ranges: Ranges): string {
  const [first] = ranges
  if (!first) return '[^\\x{0}-\\x{10FFFF}]'
  if (ranges.length === 1 && first[0] === first[1]) {
    const char = String.fromCodePoint(first[0])
    if (/[A-Za-z0-9_]/.test(char)) return char
  }
  return `[${ranges.map(([from, to]) => (from === to ? codeText(from) : `${codeText(from)}-${codeText(to)}`)).join('')}]`
}

function codeText(code: number): string {
  return `\\x{${code.toString(16).toUpperCase()}}`
}

export { RegexRefused }
