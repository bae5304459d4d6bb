import { parseAbout } from './parse-about.ts'
import { parseCorrelation } from './parse-correlation.ts'
import { parseDetection, parseLogsource } from './parse-detection.ts'
import { createProblems, type Place, type Problems, type RuleProblem, Refused } from './problem.ts'
import type { Placeholders } from './modifiers.ts'
import { listOf, mapOf, plainOf, textAt, textsAt, valueAt } from './nodes.ts'
import type { Rule, RuleTest } from './rule.ts'
import { type MapNode, type Node, parseYaml } from './yaml.ts'

/** What a text of rules holds: the rules that could be read, and everything that is wrong. */
export interface Parsed {
  readonly rules: readonly Rule[]
  readonly problems: readonly RuleProblem[]
}

/** Reads a YAML text of Sigma 2.1 rules, correlations and filters. Nothing that it does not understand is passed over. */
export function parseRules(text: string, placeholders: Placeholders = {}): Parsed {
  const problems = createProblems()
  const documents = problems.attempt(() => parseYaml(text)) ?? []
  const rules = documents.flatMap((document) => problems.attempt(() => parseDocument(document, problems, placeholders)) ?? [])
  if (documents.length === 0 && problems.all.length === 0)
    problems.attempt(() => refuse({ line: 1, column: 1 }, 'file', 'There is no rule in this text.'))
  return { rules: problems.all.some(({ severity }) => severity === 'error') ? [] : rules, problems: problems.all }
}

function refuse(at: Place, construct: string, message: string): never {
  throw new Refused(at, construct, message)
}

function parseDocument(document: Node, problems: Problems, placeholders: Placeholders): Rule | undefined {
  const map = mapOf(document, 'rule', document.at)
  refuseOldForms(map)
  warnOfUnknown(map, problems)
  const about = problems.attempt(() => parseAbout(map))
  const tests = problems.attempt(() => parseTests(map)) ?? []
  const rest = problems.attempt(() => parseRest(map, problems, placeholders))
  return about && rest ? { about, tests, ...rest } : undefined
}

type Rest<R extends Rule = Rule> = R extends Rule ? Omit<R, 'about' | 'tests'> : never

function parseRest(map: MapNode, problems: Problems, placeholders: Placeholders): Rest {
  const [correlation, filter, detection] = ['correlation', 'filter', 'detection'].map((key) => valueAt(map, key))
  if (correlation) return { kind: 'correlation', ...parseCorrelation(mapOf(correlation, 'correlation', map.at), map) }
  const logsource = parseLogsource(mapOf(valueAt(map, 'logsource'), 'logsource', map.at))
  if (filter) {
    const node = mapOf(filter, 'filter', map.at)
    const named = textsAt(node, 'rules')
    const rules = named.length === 1 && named[0] === 'any' ? [] : named
    return { kind: 'filter', logsource, rules, detection: parseDetection(without(node, 'rules'), problems, placeholders) }
  }
  return {
    kind: 'detection',
    logsource,
    detection: parseDetection(mapOf(detection, 'detection', map.at), problems, placeholders),
  }
}

function without(map: MapNode, key: string): MapNode {
  return { ...map, entries: map.entries.filter((entry) => entry.key !== key) }
}

function refuseOldForms(map: MapNode): void {
  const action = map.entries.find(({ key }) => key === 'action')
  if (action) refuse(action.at, 'action', 'Rule collections of Sigma 1 are not taken: write one document per rule.')
  const taxonomy = textAt(map, 'taxonomy')
  if (taxonomy !== undefined && taxonomy !== 'sigma')
    refuse(valueAt(map, 'taxonomy')?.at ?? map.at, 'taxonomy', 'Only the taxonomy "sigma" is known.')
  if (['detection', 'correlation', 'filter'].filter((key) => valueAt(map, key)).length !== 1)
    refuse(map.at, 'rule', 'Expected exactly one of detection, correlation and filter.')
}

const KNOWN = new Set(
  `title id name related status description author date modified references tags level logsource detection correlation filter fields
  falsepositives license scope taxonomy tests version generate custom`.split(/\s+/),
)

function warnOfUnknown(map: MapNode, problems: Problems): void {
  for (const { key, at } of map.entries)
    if (!KNOWN.has(key)) problems.warn(at, key, 'This attribute is not part of Sigma; it is kept in the text and has no effect.')
}

const TESTS_MAX = 100
const TEST_EVENTS_MAX = 1000

/** `tests`: a list of `{ name, fires, events }`. */
function parseTests(map: MapNode): readonly RuleTest[] {
  const node = valueAt(map, 'tests')
  if (node === undefined) return []
  const { items, at } = listOf(node, 'tests')
  if (items.length > TESTS_MAX) refuse(at, 'tests', `Expected at most ${TESTS_MAX} tests.`)
  return items.map(parseTest)
}

function parseTest(node: Node): RuleTest {
  const map = mapOf(node, 'tests', node.at)
  const strange = map.entries.find(({ key }) => !['name', 'fires', 'events'].includes(key))
  if (strange) refuse(strange.at, `tests.${strange.key}`, 'A test has name, fires and events.')
  const fires = valueAt(map, 'fires')
  if (fires?.kind !== 'scalar' || typeof fires.value !== 'boolean')
    return refuse(fires?.at ?? map.at, 'tests.fires', 'Expected true or false.')
  const events = valueAt(map, 'events')
  if (events === undefined) return refuse(map.at, 'tests.events', 'Expected the events of the test.')
  const { items } = listOf(events, 'tests.events')
  if (items.length === 0 || items.length > TEST_EVENTS_MAX)
    refuse(events.at, 'tests.events', `Expected 1 to ${TEST_EVENTS_MAX} events.`)
  return {
    name: textAt(map, 'name') ?? `line ${map.at.line}`,
    fires: fires.value,
    events: items.map((item) => plainOf(mapOf(item, 'tests.events', map.at)) as Readonly<Record<string, unknown>>),
    at: map.at,
  }
}
