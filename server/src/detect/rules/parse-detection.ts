import { parseCondition } from './condition.ts'
import { compareField, type Placeholders } from './modifiers.ts'
import { mapOf, scalarOf, textAt, valueAt } from './nodes.ts'
import { type Problems, Refused } from './problem.ts'
import type { Comparison, Logic, Logsource } from './rule.ts'
import type { MapNode, Node, ScalarNode } from './yaml.ts'

/** `logsource`: which log a rule speaks of. */
export function parseLogsource(map: MapNode): Logsource {
  const strange = map.entries.find(({ key }) => !['product', 'service', 'category', 'definition'].includes(key))
  if (strange)
    throw new Refused(strange.at, `logsource.${strange.key}`, 'A log source has product, service, category and definition.')
  const [product = null, service = null, category = null] = ['product', 'service', 'category'].map((key) => textAt(map, key))
  if (product === null && service === null && category === null)
    throw new Refused(map.at, 'logsource', 'Expected a product, a service or a category.')
  return { product, service, category, at: map.at }
}

/** `detection`: named searches and the condition over them. */
export function parseDetection(map: MapNode, problems: Problems, placeholders: Placeholders): Logic<Comparison> {
  const searches = new Map<string, Logic<Comparison>>()
  for (const { key, at, value } of map.entries) {
    if (key === 'condition') continue
    if (key === 'timeframe') throw new Refused(at, 'timeframe', 'A time frame belongs into a correlation rule (Sigma 2).')
    searches.set(key, parseSearch(value, key, placeholders))
  }
  if (searches.size === 0) throw new Refused(map.at, 'detection', 'Expected at least one search beside the condition.')
  const condition = valueAt(map, 'condition')
  if (condition === undefined) throw new Refused(map.at, 'condition', 'Every detection needs a condition.')
  return conditionOf(condition, searches, map, problems)
}

/** One condition, or a list of which one must hold. */
function conditionOf(
  node: Node,
  searches: ReadonlyMap<string, Logic<Comparison>>,
  map: MapNode,
  problems: Problems,
): Logic<Comparison> {
  const used = new Set<string>()
  const texts = node.kind === 'list' ? node.items : [node]
  if (texts.length === 0) throw new Refused(node.at, 'condition', 'Expected a condition.')
  const parts = texts.map((item) => {
    const { text, at } = scalarOf(item, 'condition')
    return parseCondition(text, searches, at, (name) => used.add(name))
  })
  for (const { key, at } of map.entries)
    if (searches.has(key) && !used.has(key)) problems.warn(at, key, 'The condition does not use this search.')
  return parts.length === 1 && parts[0] ? parts[0] : { any: parts }
}

/** A map: all fields. A list: one of its maps or keywords. A value: a keyword. */
function parseSearch(node: Node, name: string, placeholders: Placeholders): Logic<Comparison> {
  if (node.kind === 'map') return parseFields(node, name, placeholders)
  if (node.kind === 'scalar') return compareField('', [keyword(node, name)], node.at, placeholders)
  if (node.items.length === 0) throw new Refused(node.at, name, 'Expected at least one part.')
  const parts = node.items.map((item) =>
    item.kind === 'scalar'
      ? compareField('', [keyword(item, name)], item.at, placeholders)
      : parseFields(mapOf(item, name, node.at), name, placeholders),
  )
  return parts.length === 1 && parts[0] ? parts[0] : { any: parts }
}

function keyword(node: ScalarNode, name: string): ScalarNode {
  if (node.value === null) throw new Refused(node.at, name, 'null is no keyword.')
  return node
}

function parseFields(map: MapNode, name: string, placeholders: Placeholders): Logic<Comparison> {
  if (map.entries.length === 0) throw new Refused(map.at, name, 'Expected at least one field.')
  const parts = map.entries.map(({ key, at, value }) => compareField(key, valuesOf(value, key), at, placeholders))
  return parts.length === 1 && parts[0] ? parts[0] : { all: parts }
}

function valuesOf(node: Node, key: string): readonly ScalarNode[] {
  if (node.kind === 'list') return node.items.map((item) => scalarOf(item, key))
  return [scalarOf(node, key)]
}
