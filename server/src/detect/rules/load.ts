import { createHash } from 'node:crypto'
import { bindDetection, type BoundTest } from './bind.ts'
import { compileCorrelation, type Source } from './source.ts'
import { compilePredicate } from './match.ts'
import { modelOf } from './log-model.ts'
import type { Placeholders } from './modifiers.ts'
import { parseRules } from './parse.ts'
import { createProblems, type Problems, Refused, type RuleProblem } from './problem.ts'
import type { CorrelationRule, DetectionRule, FilterRule, Logic, Rule, RuleAbout, RuleTest } from './rule.ts'

/** A file of rules: a rule that finds, and the rules it is built from. */
export interface RuleText {
  /** File name, or the id under which it is kept. */
  readonly name: string
  readonly text: string
}

/** A rule that was read, checked and compiled. */
export interface LoadedRule {
  readonly id: string
  readonly about: RuleAbout
  readonly version: number
  /** SHA-256 of everything that decides what it finds: its text and the filters that hold for it. */
  readonly digest: string
  readonly text: string
  readonly source: Source
  /** Fields by the names that its tests may use. */
  readonly tests: readonly RuleTest[]
}

/** What is wrong, by file. */
export interface FileProblem extends RuleProblem {
  readonly file: string
}

export interface Loaded {
  /** Rules that find on their own. Rules that only serve a correlation are not among them. */
  readonly rules: readonly LoadedRule[]
  readonly problems: readonly FileProblem[]
}

interface Document {
  readonly file: RuleText
  readonly rule: Rule
}

const CORRELATION_DEPTH_MAX = 4

/** Compiles files of rules together: correlations find the rules they name, filters hold for the rules they name. */
export function loadRules(files: readonly RuleText[], placeholders: Placeholders = {}): Loaded {
  const problems: FileProblem[] = []
  const documents = files.flatMap((file) => {
    const parsed = parseRules(file.text, placeholders)
    problems.push(...parsed.problems.map((problem) => ({ file: file.name, ...problem })))
    return parsed.rules.map((rule): Document => ({ file, rule }))
  })
  const compiler = createCompiler(documents)
  const serving = servingRules(documents)
  const rules = documents.flatMap((document) => {
    const { file, rule } = document
    const own = createProblems()
    const source = own.attempt(() => compiler.sourceOf(document, own))
    problems.push(...own.all.map((problem) => ({ file: file.name, ...problem })))
    const failed = own.all.some(({ severity }) => severity === 'error')
    if (failed || !source || rule.kind === 'filter' || serving.has(rule)) return []
    return [
      {
        id: rule.about.id,
        about: rule.about,
        version: rule.about.version,
        digest: compiler.digestOf(document),
        text: file.text,
        source,
        tests: rule.tests,
      },
    ]
  })
  return { rules, problems: [...problems, ...repeatedIds(documents)] }
}

/** Rules that a correlation takes and that do not find on their own. */
function servingRules(documents: readonly Document[]): ReadonlySet<Rule> {
  const named = documents.flatMap(({ rule }) => (rule.kind === 'correlation' && !rule.generate ? rule.rules : []))
  const generated = new Set(documents.flatMap(({ rule }) => (rule.kind === 'correlation' && rule.generate ? rule.rules : [])))
  return new Set(
    documents.flatMap(({ rule }) =>
      named.some((name) => isNamed(rule, name)) && ![...generated].some((name) => isNamed(rule, name)) ? [rule] : [],
    ),
  )
}

function isNamed({ about }: Rule, name: string): boolean {
  return about.id === name || about.name?.toLowerCase() === name
}

function repeatedIds(documents: readonly Document[]): readonly FileProblem[] {
  const seen = new Set<string>()
  return documents.flatMap(({ file, rule }) => {
    const { id, at } = rule.about
    if (!seen.has(id)) {
      seen.add(id)
      return []
    }
    return [
      { file: file.name, severity: 'error', ...at, construct: 'id', message: `The id ${id} is used by another rule.` } as const,
    ]
  })
}

function createCompiler(documents: readonly Document[]) {
  const filters = documents.filter((document): document is Document & { rule: FilterRule } => document.rule.kind === 'filter')

  function sourceOf(document: Document, problems: Problems, above: readonly Rule[] = []): Source | undefined {
    const { rule } = document
    if (rule.kind === 'filter') return filterSource(rule, problems)
    if (rule.kind === 'correlation') return correlationSource(document, rule, problems, above)
    const bound = bindDetection(rule.detection, rule.logsource, problems)
    if (!bound) return undefined
    const detection = filtersOf(rule).reduce<Logic<BoundTest>>((logic, filter) => {
      const also = bindDetection(filter.rule.detection, filter.rule.logsource, problems)
      return also ? { all: [logic, also] } : logic
    }, bound)
    return { kind: 'event', id: rule.about.id, detection, predicate: compilePredicate(detection), model: modelOf(rule.logsource) }
  }

  /** A filter finds nothing; it is compiled so that its mistakes show where it is written. */
  function filterSource(rule: FilterRule, problems: Problems): undefined {
    bindDetection(rule.detection, rule.logsource, problems)
    for (const name of rule.rules)
      if (!documents.some((document) => isNamed(document.rule, name.toLowerCase())))
        problems.warn(rule.about.at, 'filter.rules', `There is no rule "${name.slice(0, 60)}" here.`)
  }

  function filtersOf(rule: DetectionRule): readonly (Document & { rule: FilterRule })[] {
    return filters.filter(({ rule: filter }) =>
      filter.rules.length === 0 ? sameLog(filter, rule) : filter.rules.some((name) => isNamed(rule, name.toLowerCase())),
    )
  }

  function correlationSource(
    document: Document,
    rule: CorrelationRule,
    problems: Problems,
    above: readonly Rule[],
  ): Source | undefined {
    const { at } = rule.about
    if (above.includes(rule)) throw new Refused(at, 'correlation.rules', 'A correlation cannot rest on itself.')
    if (above.length >= CORRELATION_DEPTH_MAX)
      throw new Refused(at, 'correlation.rules', `Expected at most ${CORRELATION_DEPTH_MAX} correlations above each other.`)
    const inputs = rule.rules.map((name) => {
      const found = findRule(name, document)
      if (!found) throw new Refused(at, 'correlation.rules', `There is no rule "${name.slice(0, 60)}" here.`)
      return sourceOf(found, problems, [...above, rule])
    })
    const present = inputs.flatMap((input) => input ?? [])
    return present.length < inputs.length ? undefined : compileCorrelation(rule, present)
  }

  /** In the same file first. */
  function findRule(name: string, { file }: Document): Document | undefined {
    const found = documents.filter(({ rule }) => rule.kind !== 'filter' && isNamed(rule, name))
    return found.find((document) => document.file === file) ?? found[0]
  }

  function partsOf(document: Document, depth = 0): readonly Document[] {
    const { rule } = document
    if (rule.kind === 'filter' || depth > CORRELATION_DEPTH_MAX) return [document]
    if (rule.kind === 'detection') return [document, ...filtersOf(rule)]
    return [document, ...rule.rules.flatMap((name) => findRule(name, document) ?? []).flatMap((part) => partsOf(part, depth + 1))]
  }

  function digestOf(document: Document): string {
    const texts = new Set(partsOf(document).map(({ file }) => file.text.replaceAll('\r\n', '\n')))
    const hash = createHash('sha256')
    for (const text of texts) hash.update(text).update('\0')
    return hash.digest('hex')
  }

  return { sourceOf, digestOf }
}

function sameLog(a: FilterRule, b: DetectionRule): boolean {
  return (['product', 'service', 'category'] as const).every(
    (key) => a.logsource[key] === null || a.logsource[key] === b.logsource[key],
  )
}
