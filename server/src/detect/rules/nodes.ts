import { type Place, Refused } from './problem.ts'
import type { ListNode, MapNode, Node, ScalarNode } from './yaml.ts'

/** Reading of parsed YAML: what is not as expected is refused, naming line and construct. */

export function mapOf(node: Node | undefined, construct: string, near: Place): MapNode {
  if (node?.kind === 'map') return node
  throw new Refused(node?.at ?? near, construct, 'Expected a map of names and values.')
}

export function listOf(node: Node, construct: string): ListNode {
  if (node.kind === 'list') return node
  throw new Refused(node.at, construct, 'Expected a list.')
}

export function scalarOf(node: Node, construct: string): ScalarNode {
  if (node.kind === 'scalar') return node
  throw new Refused(node.at, construct, 'Expected a single value.')
}

/** The value of a key, if it is there. */
export function valueAt(map: MapNode, key: string): Node | undefined {
  return map.entries.find((entry) => entry.key === key)?.value
}

const TEXT_CHARS_MAX = 10_000

/** A text; numbers and dates are texts too. */
export function textAt(map: MapNode, key: string): string | undefined {
  const node = valueAt(map, key)
  if (node === undefined) return undefined
  const { value, text, at } = scalarOf(node, key)
  if (value === null) return undefined
  if (text.length > TEXT_CHARS_MAX) throw new Refused(at, key, `Expected at most ${TEXT_CHARS_MAX} characters.`)
  return text
}

/** One text or a list of them. */
export function textsAt(map: MapNode, key: string): readonly string[] {
  const node = valueAt(map, key)
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return []
  const items = node.kind === 'list' ? node.items : [node]
  return items.map((item) => scalarOf(item, key).text)
}

/** One of the named words; `undefined` where the key is missing. */
export function wordAt<Word extends string>(map: MapNode, key: string, words: readonly Word[]): Word | undefined {
  const text = textAt(map, key)
  if (text === undefined) return undefined
  const word = words.find((known) => known === text)
  if (word !== undefined) return word
  throw new Refused(valueAt(map, key)?.at ?? map.at, key, `Expected one of ${words.join(', ')}.`)
}

/** A plain value of JSON. */
export function plainOf(node: Node): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plainOf)
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainOf(value)]))
}
