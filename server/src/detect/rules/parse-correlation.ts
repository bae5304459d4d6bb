import { mapOf, scalarOf, textAt, textsAt, valueAt, wordAt } from './nodes.ts'
import { Refused } from './problem.ts'
import { BOUNDS, CORRELATION_TYPES, type CorrelationRule } from './rule.ts'
import type { MapNode, Node } from './yaml.ts'

type Correlation = Omit<CorrelationRule, 'kind' | 'about' | 'tests'>

/** `correlation`: how many, how different or in which order the events of other rules come. */
export function parseCorrelation(map: MapNode, rule: MapNode): Correlation {
  const strange = map.entries.find(({ key }) => !KNOWN.has(key))
  if (strange) throw new Refused(strange.at, `correlation.${strange.key}`, 'This is not part of a correlation.')
  const type = wordAt(map, 'type', CORRELATION_TYPES)
  if (type === undefined) throw new Refused(map.at, 'correlation.type', `Expected one of ${CORRELATION_TYPES.join(', ')}.`)
  const rules = textsAt(map, 'rules').map((name) => name.toLowerCase())
  if (rules.length === 0 || rules.length > RULES_MAX)
    throw new Refused(map.at, 'correlation.rules', `Expected the ids or names of 1 to ${RULES_MAX} rules.`)
  const groupBy = textsAt(map, 'group-by')
  if (groupBy.length > GROUP_FIELDS_MAX) throw new Refused(map.at, 'group-by', `Expected at most ${GROUP_FIELDS_MAX} fields.`)
  const condition = conditionOf(map, type, rules.length)
  return {
    type,
    rules,
    groupBy,
    timespanMs: timespanOf(map),
    aliases: aliasesOf(map, rules, groupBy),
    ...condition,
    generate: booleanAt(map, 'generate') || booleanAt(rule, 'generate'),
  }
}

const KNOWN = new Set(['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate'])
const RULES_MAX = 16
const GROUP_FIELDS_MAX = 8
const NEEDS_FIELD: ReadonlySet<string> = new Set(['value_count', 'value_sum', 'value_avg', 'value_percentile'])

function conditionOf(
  map: MapNode,
  type: Correlation['type'],
  count: number,
): Pick<Correlation, 'bounds' | 'valueField' | 'percentile'> {
  const node = valueAt(map, 'condition')
  if (type.startsWith('temporal')) return temporalCondition(node, type, count)
  if (node === undefined)
    throw new Refused(map.at, 'correlation.condition', `A correlation of type ${type} needs a condition such as gte: 5.`)
  const condition = mapOf(node, 'correlation.condition', map.at)
  return {
    bounds: boundsOf(condition, ['field', 'percentile']),
    valueField: fieldOf(condition, type),
    percentile: percentileOf(condition, type),
  }
}

/** How many of the rules must come: without a condition, all of them. An order needs all. */
function temporalCondition(
  node: Node | undefined,
  type: string,
  count: number,
): Pick<Correlation, 'bounds' | 'valueField' | 'percentile'> {
  if (node === undefined) return { bounds: [{ is: 'gte', value: count }], valueField: null, percentile: 0 }
  if (type === 'temporal')
    return { bounds: boundsOf(mapOf(node, 'correlation.condition', node.at), []), valueField: null, percentile: 0 }
  throw new Refused(node.at, 'correlation.condition', 'An order needs all its rules; leave the condition out.')
}

function boundsOf(condition: MapNode, others: readonly string[]): Correlation['bounds'] {
  const strange = condition.entries.find(({ key }) => !(BOUNDS as readonly string[]).includes(key) && !others.includes(key))
  if (strange) throw new Refused(strange.at, `condition.${strange.key}`, `Expected one of ${[...BOUNDS, ...others].join(', ')}.`)
  const bounds = condition.entries.flatMap(({ key, value }) => {
    const bound = BOUNDS.find((known) => known === key)
    return bound === undefined ? [] : [{ is: bound, value: numberOf(value, key) }]
  })
  if (bounds.length > 0) return bounds
  throw new Refused(condition.at, 'correlation.condition', `Expected one of ${BOUNDS.join(', ')}.`)
}

function fieldOf(condition: MapNode, type: string): string | null {
  const node = valueAt(condition, 'field')
  if (!NEEDS_FIELD.has(type)) {
    if (node === undefined) return null
    throw new Refused(node.at, 'condition.field', `A correlation of type ${type} counts events and takes no field.`)
  }
  const fields = textsAt(condition, 'field')
  if (fields.length === 1 && fields[0]) return fields[0]
  throw new Refused(node?.at ?? condition.at, 'condition.field', 'Expected one field whose values are taken.')
}

function percentileOf(condition: MapNode, type: string): number {
  const node = valueAt(condition, 'percentile')
  if (type !== 'value_percentile') {
    if (node === undefined) return 0
    throw new Refused(node.at, 'condition.percentile', 'Only value_percentile takes a percentile.')
  }
  const percentile = node === undefined ? 50 : numberOf(node, 'percentile')
  if (percentile >= 0 && percentile <= 100) return percentile
  throw new Refused(node?.at ?? condition.at, 'condition.percentile', 'Expected 0 to 100.')
}

function numberOf(node: Node, key: string): number {
  const { value, at } = scalarOf(node, key)
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new Refused(at, `condition.${key}`, 'Expected a number.')
}

const UNITS_MS: Readonly<Record<string, number | undefined>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  M: 30 * 86_400_000,
  y: 365 * 86_400_000,
}
const TIMESPAN_MS_MAX = 92 * 86_400_000

function timespanOf(map: MapNode): number {
  const text = textAt(map, 'timespan')
  const at = valueAt(map, 'timespan')?.at ?? map.at
  const match = /^(\d{1,6})\s*([smhdwMy])$/.exec(text ?? '')
  const span = Number(match?.[1]) * (UNITS_MS[match?.[2] ?? ''] ?? Number.NaN)
  if (!(span > 0)) throw new Refused(at, 'timespan', 'Expected a time span such as 30s, 5m, 1h or 7d.')
  if (span > TIMESPAN_MS_MAX) throw new Refused(at, 'timespan', 'Expected at most 92 days.')
  return span
}

function aliasesOf(map: MapNode, rules: readonly string[], groupBy: readonly string[]): Correlation['aliases'] {
  const node = valueAt(map, 'aliases')
  if (node === undefined) return {}
  const { entries } = mapOf(node, 'aliases', map.at)
  return Object.fromEntries(
    entries.map(({ key, at, value }) => {
      if (!groupBy.includes(key)) throw new Refused(at, `aliases.${key}`, 'An alias must stand in group-by.')
      const fields = mapOf(value, `aliases.${key}`, at).entries.map((entry) => {
        if (!rules.includes(entry.key.toLowerCase()))
          throw new Refused(entry.at, `aliases.${key}.${entry.key}`, 'This rule is not correlated here.')
        return [entry.key.toLowerCase(), scalarOf(entry.value, key).text] as const
      })
      return [key, Object.fromEntries(fields)]
    }),
  )
}

function booleanAt(map: MapNode, key: string): boolean {
  const node = valueAt(map, key)
  if (node === undefined) return false
  const { value, at } = scalarOf(node, key)
  if (typeof value === 'boolean') return value
  throw new Refused(at, key, 'Expected true or false.')
}
