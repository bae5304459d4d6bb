import { type FileProblem, loadRules, type LoadedRule, type RuleText } from './load.ts'
import type { Placeholders } from './modifiers.ts'
import { missingTests, runRuleTests, type TestResult } from './rule-tests.ts'

/** What a check of rule files says: every mistake, and how every test went. */
export interface Checked {
  /** Rules without an error whose tests all pass: these may load. */
  readonly rules: readonly LoadedRule[]
  readonly problems: readonly FileProblem[]
  readonly tests: readonly { readonly rule: string; readonly results: readonly TestResult[] }[]
}

/** Reads, compiles and tests files of rules. A rule with a mistake, without its tests or with a failing one does not load. */
export function checkRules(files: readonly RuleText[], placeholders: Placeholders = {}): Checked {
  const loaded = loadRules(files, placeholders)
  const tests = loaded.rules.map((rule) => ({ rule: rule.id, results: runRuleTests(rule) }))
  const problems = [
    ...loaded.problems,
    ...loaded.rules.flatMap((rule) => [...testProblems(rule, files), ...adviceFor(rule, files)]),
  ]
  const bad = new Set(problems.filter(({ severity }) => severity === 'error').map(({ file }) => file))
  return { rules: loaded.rules.filter((rule) => !bad.has(fileOf(rule, files))), problems, tests }
}

function testProblems(rule: LoadedRule, files: readonly RuleText[]): readonly FileProblem[] {
  const about = { file: fileOf(rule, files), severity: 'error', column: 1 } as const
  const missing = missingTests(rule)
  const failed = runRuleTests(rule).filter(({ passed }) => !passed)
  return [
    ...(missing === undefined ? [] : [{ ...about, line: rule.about.at.line, construct: 'tests', message: missing }]),
    ...failed.map(({ name, line, message }) => ({ ...about, line, construct: `test "${name}"`, message })),
  ]
}

/** What does no harm and helps the reader of a finding. */
function adviceFor(rule: LoadedRule, files: readonly RuleText[]): readonly FileProblem[] {
  const { description, falsepositives, tags, at } = rule.about
  const about = { file: fileOf(rule, files), severity: 'warning', ...at } as const
  return [
    ...(description === '' ? [{ ...about, construct: 'description', message: 'Say what it means when this rule fires.' }] : []),
    ...(falsepositives.length === 0 ? [{ ...about, construct: 'falsepositives', message: 'Say when this is harmless.' }] : []),
    ...(tags.length === 0 ? [{ ...about, construct: 'tags', message: 'Name the technique, such as attack.t1528.' }] : []),
  ]
}

function fileOf(rule: LoadedRule, files: readonly RuleText[]): string {
  return files.find(({ text }) => text === rule.text)?.name ?? ''
}
