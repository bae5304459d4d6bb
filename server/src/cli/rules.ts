import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { call, type ServerOptions, serverAccess } from './api.ts'
import { Failure } from './exit.ts'
import { instant, note, paint, printable, say, sayFacts, sayJson, sayTable, whole } from './print.ts'
import { parseInstant } from './time.ts'
import type { BacktestCost } from '../detect/rules/backtest.ts'
import type { Backtest } from '../detect/rules/backtest-scope.ts'
import { checkRules, type Checked } from '../detect/rules/lint.ts'
import type { RuleText } from '../detect/rules/load.ts'
import { packTexts } from '../detect/rules/pack.ts'

type FileOptions = { readonly pack?: boolean; readonly json?: boolean }
type BacktestOptions = ServerOptions & FileOptions & { readonly from?: number; readonly to?: number; readonly id?: string }

/** `tokentrail rules`: check and test files of rules here, and try them on the history of a server. */
export function rulesCommand(common: (command: Command) => Command): Command {
  const lintCommand = files('lint', 'read rules and say what is wrong with them').action(lint)
  const testCommand = files('test', 'run the tests that stand in the files').action(test)
  const backtestCommand = common(new Command('backtest'))
    .description("try rules on the tenant's own history")
    .argument('[files...]', 'YAML files of rules')
    .option('--id <rule>', 'a rule that the server has')
    .option('--from <time>', 'RFC 3339, or how long ago such as 24h (default 28d)', parseInstant)
    .option('--to <time>', 'RFC 3339, or how long ago (default now)', parseInstant)
    .action(backtest)
  return new Command('rules')
    .description('detection rules in Sigma format')
    .addCommand(lintCommand)
    .addCommand(testCommand)
    .addCommand(backtestCommand)
}

function files(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('[files...]', 'YAML files of rules')
    .option('--pack', 'the rules that are shipped')
    .option('--json', 'print JSON')
}

function lint(names: readonly string[], options: FileOptions): void {
  const checked = checkRules(textsOf(names, options))
  const errors = checked.problems.filter(({ severity }) => severity === 'error').length
  if (options.json) sayJson({ rules: checked.rules.map(({ id }) => id), problems: checked.problems })
  else sayProblems(checked)
  if (errors > 0) throw new Failure('failed', `${errors} mistakes; ${checked.rules.length} rules load.`)
  if (!options.json) say(`${checked.rules.length} rules load.`)
}

function test(names: readonly string[], options: FileOptions): void {
  const checked = checkRules(textsOf(names, options))
  const all = checked.tests.flatMap(({ results }) => results)
  const failed = all.filter(({ passed }) => !passed).length
  const errors = checked.problems.filter(({ severity }) => severity === 'error').length
  if (options.json) sayJson({ tests: checked.tests, problems: checked.problems })
  else sayTests(checked)
  if (errors > 0) throw new Failure('failed', `${failed} of ${all.length} tests failed, ${errors} mistakes in all.`)
  if (!options.json) say(`${all.length} tests passed in ${checked.tests.length} rules.`)
}

async function backtest(names: readonly string[], options: BacktestOptions): Promise<void> {
  if ((options.id === undefined) === (names.length === 0))
    throw new Failure('usage', 'Name files of rules, or a rule of the server with --id.')
  const access = serverAccess(options)
  const window = {
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.to === undefined ? {} : { to: options.to }),
  }
  const cost = await call<BacktestCost>(access, 'POST', '/v1/rules/backtest/cost', window)
  if (!options.json) note(`${whole(cost.events)} events to read.`)
  const asked = options.id === undefined ? textsOf(names, options).map(({ text }) => ({ text })) : [{ id: options.id }]
  for (const which of asked) {
    const result = await call<Backtest>(access, 'POST', '/v1/rules/backtest', { ...which, ...window })
    if (options.json) sayJson(result)
    else sayBacktest(result)
  }
}

function textsOf(names: readonly string[], { pack }: FileOptions): readonly RuleText[] {
  const own = names.map((name) => ({ name, text: readText(name) }))
  if (own.length === 0 && !pack) throw new Failure('usage', 'Name files of rules, or the shipped ones with --pack.')
  return [...(pack ? packTexts() : []), ...own]
}

function readText(name: string): string {
  try {
    return readFileSync(name, 'utf8')
  } catch (cause) {
    throw new Failure('usage', `The file ${name} cannot be read.`, { cause })
  }
}

function sayProblems({ problems }: Checked): void {
  for (const { file, line, column, severity, construct, message } of problems)
    say(
      `${printable(file)}:${line}:${column} ${paint(severity === 'error' ? 'red' : 'yellow', severity)} ${printable(construct)}: ${printable(message)}`,
    )
}

function sayTests(checked: Checked): void {
  for (const { rule, results } of checked.tests)
    for (const { name, passed } of results)
      say(`${paint(passed ? 'green' : 'red', passed ? 'pass' : 'FAIL')} ${rule}: ${printable(name)}`)
  sayProblems({ ...checked, problems: checked.problems.filter(({ severity }) => severity === 'error') })
}

function sayBacktest({
  rule,
  window,
  matches,
  findings,
  findingsPerWeek,
  tokens,
  owners,
  networks,
  weeks,
  overlap,
  coveredTo,
  method,
}: Backtest): void {
  say(paint('bold', `${rule.id} (version ${rule.version})`))
  sayFacts({
    window: `${instant(window.from)} to ${instant(window.to)}`,
    matches: whole(matches),
    findings: `${whole(findings)}, ${findingsPerWeek.toFixed(1)} a week`,
    tokens: whole(tokens),
    owners: whole(owners),
    networks: whole(networks),
    'found anyway': overlapText(overlap),
  })
  if (weeks.length > 0)
    sayTable(
      ['week of', 'matches', 'findings'],
      weeks.map((week) => [instant(week.from).slice(0, 10), week.matches, week.findings]),
    )
  if (coveredTo < window.to) say(paint('yellow', `More matched than was followed: the figures hold up to ${instant(coveredTo)}.`))
  say(paint('dim', method))
}

function overlapText({ compared, met, findings, incidents, verdicts, complete }: Backtest['overlap']): string {
  const judged = Object.entries(verdicts).map(
    ([verdict, count]) => `${whole(count)} ${verdict === 'none' ? 'not judged' : verdict}`,
  )
  const bound = complete ? '' : '; more findings stand in the window than were compared'
  if (findings === 0) return `none of ${whole(compared)}${bound}`
  return `${whole(met)} of ${whole(compared)}, in ${whole(findings)} findings (${judged.join(', ')}) of ${whole(incidents)} incidents${bound}`
}
