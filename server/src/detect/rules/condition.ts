import { type Place, Refused } from './problem.ts'
import type { Logic } from './rule.ts'

/** Parses a Sigma condition over the named searches. Each search is taken whole; `used` hears which ones. */
export function parseCondition<Leaf>(
  text: string,
  searches: ReadonlyMap<string, Logic<Leaf>>,
  at: Place,
  used: (name: string) => void,
): Logic<Leaf> {
  const words = wordsOf(text, at)
  let next = 0
  let depth = 0

  const peek = (): string | undefined => words[next]
  const isWord = (word: string): boolean => peek()?.toLowerCase() === word
  const take = (): string | undefined => words[next++]

  function either(): Logic<Leaf> {
    const parts = [both()]
    while (isWord('or')) {
      take()
      parts.push(both())
    }
    return parts.length === 1 && parts[0] ? parts[0] : { any: parts }
  }

  function both(): Logic<Leaf> {
    const parts = [negated()]
    while (isWord('and')) {
      take()
      parts.push(negated())
    }
    return parts.length === 1 && parts[0] ? parts[0] : { all: parts }
  }

  function negated(): Logic<Leaf> {
    if (!isWord('not')) return single()
    take()
    return nested(() => ({ not: negated() }))
  }

  function single(): Logic<Leaf> {
    const word = take()
    if (word === undefined) throw new Refused(at, 'condition', 'The condition ends where a search is expected.')
    if (word === '(') return nested(group)
    if (isWord('of')) return several(word)
    if (word === ')' || RESERVED.has(word.toLowerCase())) throw new Refused(at, word, 'Expected the name of a search here.')
    return named(word)
  }

  function group(): Logic<Leaf> {
    const inner = either()
    if (take() !== ')') throw new Refused(at, 'condition', 'A parenthesis is not closed.')
    return inner
  }

  function nested(part: () => Logic<Leaf>): Logic<Leaf> {
    depth += 1
    if (depth > DEPTH_MAX) throw new Refused(at, 'condition', `Expected at most ${DEPTH_MAX} nested parts.`)
    const inner = part()
    depth -= 1
    return inner
  }

  function several(quantity: string): Logic<Leaf> {
    take()
    const target = take()
    const how = QUANTITIES.get(quantity.toLowerCase())
    if (how === undefined) throw new Refused(at, `${quantity} of`, 'Only `1 of`, `any of` and `all of` are known.')
    if (target === undefined || target === '(' || target === ')')
      throw new Refused(at, `${quantity} of`, 'Expected `them` or a name that ends with `*`.')
    const names = namesLike(target)
    if (names.length === 0) throw new Refused(at, `${quantity} of ${target}`, 'No search has such a name.')
    const parts = names.map(named)
    return how === 'all' ? { all: parts } : { any: parts }
  }

  function namesLike(target: string): readonly string[] {
    const all = [...searches.keys()]
    if (target.toLowerCase() === 'them') return all.filter((name) => !name.startsWith('_'))
    const pieces = target.split('*')
    return all.filter((name) => (pieces.length === 1 ? name === target : matchesStars(name, pieces)))
  }

  function named(name: string): Logic<Leaf> {
    const search = searches.get(name)
    if (!search) throw new Refused(at, name, 'There is no search of this name in the detection.')
    used(name)
    return search
  }

  const parsed = either()
  if (peek() === '|') throw new Refused(at, '|', 'Aggregations in a condition are not part of Sigma 2: write a correlation rule.')
  if (next < words.length) throw new Refused(at, peek() ?? '', 'Expected `and`, `or` or the end of the condition.')
  return parsed
}

const DEPTH_MAX = 64
const WORDS_MAX = 1000
const RESERVED = new Set(['and', 'or', 'not', 'of', 'them'])
const QUANTITIES = new Map([
  ['1', 'any'],
  ['any', 'any'],
  ['all', 'all'],
])

function wordsOf(text: string, at: Place): readonly string[] {
  if (text.includes('|'))
    throw new Refused(at, '|', 'Aggregations in a condition are not part of Sigma 2: write a correlation rule.')
  const words = text.match(/[()]|[\w*.-]+|\S/g) ?? []
  const strange = words.find((word) => !/^(?:[()]|[\w*.-]+)$/.test(word))
  if (strange !== undefined) throw new Refused(at, strange, 'This character has no meaning in a condition.')
  if (words.length > WORDS_MAX) throw new Refused(at, 'condition', `Expected at most ${WORDS_MAX} words.`)
  return words
}

/** The pieces between stars, in order, the first and last at the ends. */
function matchesStars(name: string, pieces: readonly string[]): boolean {
  const [first = '', last = ''] = [pieces[0], pieces.at(-1)]
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let from = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, from)
    if (found < 0) return false
    from = found + piece.length
  }
  return from <= name.length - last.length
}
