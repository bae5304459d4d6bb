import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRegex, RegexRefused } from '../../../src/detect/rules/safe-regex.ts'

const NONE = { ignoreCase: false, multiline: false, dotAll: false }
const compile = (source: string, flags = NONE) => compileRegex(source, flags)

describe('what cannot be matched in linear time is refused, naming it', () => {
  test.each([
    ['(?=a)', 'look-around'],
    ['(?!a)b', 'look-around'],
    ['(?<=a)b', 'look-around'],
    ['(?<!a)b', 'look-around'],
    ['(a)\\1', 'back-reference'],
    ['(?P<x>a)(?P=x)', 'back-reference'],
    ['\\k<x>', 'back-reference'],
    ['(a+)+', 'unbounded repeat inside'],
    ['(a*b*)*', 'unbounded repeat inside'],
    ['((a|b+)c)*', 'unbounded repeat inside'],
    ['(?>a+)b', 'atomic'],
    ['a++', 'possessive'],
    ['a**', 'repeat of a repeat'],
    ['(?R)', 'recursion'],
    ['a{1001}', 'more than 1000 repeats'],
    ['((a{100}){100})', 'multiply'],
    ['[a', 'not closed'],
    ['(a', 'not closed'],
    ['a)', 'without'],
    ['*a', 'nothing to repeat'],
    ['\\p{L}', 'escape'],
    ['a\\', 'backslash at the end'],
    ['[z-a]', 'no order'],
    ['x'.repeat(1001), 'more than 1000 characters'],
  ])('%s', (source, message) => {
    expect(() => compile(source)).toThrow(RegexRefused)
    expect(() => compile(source)).toThrow(message)
  })
})

test.each([
  ['^a.c$', 'abc', true],
  ['^a.c$', 'a\nc', false],
  ['(?s)^a.c$', 'a\nc', true],
  ['(?m)^b$', 'a\nb\nc', true],
  ['^b$', 'a\nb\nc', false],
  ['\\bcat\\b', 'a cat!', true],
  ['\\bcat\\b', 'concat', false],
  ['\\Bcat', 'concat', true],
  ['(?i)STRASSE', 'strasse', true],
  ['(?i)É', 'é', false],
  ['[[:digit:]]{3}', 'ab123', true],
  ['[^\\d\\s]+x', '1 x', false],
  ['\\x41\\u0042\\u{43}', 'ABC', true],
  ['(?:ab|cd){2,3}$', 'xxabcdab', true],
  ['^(?:ab){2}$', 'ababab', false],
  ['😀+', '😀😀', true],
  ['^.$', '😀', true],
  ['[\\]\\-a]', ']', true],
  ['a|', '', true],
  ['(?P<user>\\w+)@', 'ann@x', true],
])('%s on %j is %s', (source, text, found) => {
  expect(compile(source).test(text)).toBe(found)
})

test('an expression that ruins a backtracking engine takes no time', () => {
  const slow = compile('^(?:a|a)*(?:a?){30}a{30}.*a.*a.*a.*b$')
  const started = performance.now()
  expect(slow.test('a'.repeat(20_000))).toBe(false)
  expect(performance.now() - started).toBeLessThan(2000)
})

test('it finds what the engine of JavaScript finds', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '.',
    '[ab]',
    '[^a]',
    '\\w',
    '\\d',
    'a*',
    'b+',
    'a?',
    'b{2}',
    '(?:ab|b)',
    '^',
    '$',
    '\\b',
    '(a)',
    '\\.',
  )
  const source = fc.array(atom, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(source, fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', ' ', '1'), maxLength: 12 }), (text, input) => {
      expect(compile(text).test(input)).toBe(new RegExp(text).test(input))
    }),
    { numRuns: 3000 },
  )
})
