import { Command, InvalidArgumentError, Option } from 'commander'
import { FINDING_STATES, SEVERITIES, VERDICTS, type Severity } from '../records/findings.ts'
import { call, queryString, serverAccess } from './api.ts'
import { duration, instant, paint, printable, say, sayFacts, sayJson, sayTable } from './print.ts'
import { parseInstant } from './time.ts'
import type { ServerOptions } from './api.ts'

/** The fields of a finding's resource that the commands print. */
interface Finding {
  readonly id: string
  readonly detector: string
  readonly severity: Severity
  readonly confidence: string
  readonly state: string
  readonly verdict: string | null
  readonly sentence: string
  readonly detectedAt: string
  readonly seenAt: string
  readonly repeats: number
  readonly incidentId: string | null
  readonly evidenceCount: number
  readonly evidence: readonly string[]
  readonly features: readonly string[]
  readonly unless: readonly string[]
  readonly techniques: readonly string[]
  readonly suggests: readonly string[]
  readonly caveats: readonly string[]
  readonly note: string | null
  readonly measured: {
    readonly observed: number
    readonly expected: { readonly value: number; readonly low: number; readonly high: number } | null
  }
  readonly life?: {
    readonly token: { readonly id: string; readonly owner: string; readonly state: string }
    readonly ageMs: number | null
    readonly rotations: number
    readonly lastUsedAt: string | null
  } | null
}

interface Page {
  readonly items: readonly Finding[]
  readonly next?: string
}

interface Common extends ServerOptions {
  readonly json?: boolean
}

interface ListOptions extends Common {
  readonly since: number
  readonly severity?: Severity
  readonly state?: string
  readonly detector?: string
  readonly token?: string
  readonly limit: number
  readonly failOn?: Severity
}

interface TriageOptions extends Common {
  readonly state?: string
  readonly verdict?: string
  readonly note?: string
  readonly assignee?: string
}

/** The exit code of `--fail-on` when there is such a finding. */
const FOUND = 3

/** `tokentrail findings`, `findings show`, `findings triage` */
export function findingsCommand(common: (command: Command) => Command): Command {
  const findings = common(new Command('findings'))
    .description('what detectors found, newest first')
    .option('--since <time>', 'RFC 3339, or how long ago such as 24h', parseInstant, parseInstant('24h'))
    .addOption(new Option('--severity <severity>', 'this one and graver ones').choices([...SEVERITIES]))
    .addOption(new Option('--state <state>').choices([...FINDING_STATES]))
    .option('--detector <name>', 'of one detector')
    .option('--token <id>', 'that touch one token')
    .option('--limit <count>', 'rows', parseLimit, 50)
    .addOption(new Option('--fail-on <severity>', 'exit with 3 when one of these or graver is open').choices([...SEVERITIES]))
    .action(list)
  findings.addCommand(common(new Command('show').description('one finding, with its evidence').argument('<id>').action(show)))
  findings.addCommand(common(triageCommand()))
  return findings
}

function triageCommand(): Command {
  return new Command('triage')
    .description('say what a finding is; it closes with a verdict')
    .argument('<id>')
    .addOption(new Option('--state <state>').choices(['open', 'acknowledged', 'closed']))
    .addOption(new Option('--verdict <verdict>', 'closes it').choices(Object.keys(VERDICTS)))
    .option('--note <text>', 'for people')
    .option('--assignee <name>', 'who looks after it')
    .action(triage)
}

async function list(options: ListOptions): Promise<void> {
  const access = serverAccess(options)
  const { since, severity, state, detector, token, limit, failOn } = options
  const query = { from: since, severity, state, detector, token, limit }
  const page = await call<Page>(access, 'GET', `/v1/findings${queryString(query)}`)
  if (options.json) sayJson(page)
  else sayFindings(page)
  if (failOn === undefined) return
  const worst = { from: since, severity: failOn, state: 'open', limit: 1 }
  const { items } = await call<Page>(access, 'GET', `/v1/findings${queryString(worst)}`)
  if (items.length > 0) process.exitCode = FOUND
}

function sayFindings({ items, next }: Page): void {
  if (items.length === 0) return say('Nothing was found.')
  const rows = items.map((each) => [each.id, instant(each.detectedAt), each.severity, each.state, each.detector, each.sentence])
  sayTable(['id', 'detected', 'severity', 'state', 'detector', 'what happened'], rows)
  if (next) say(paint('dim', 'There are more: narrow the list, or raise --limit.'))
}

async function show(id: string, _options: Common, command: Command): Promise<void> {
  const options = command.optsWithGlobals<Common>()
  const finding = await call<Finding>(serverAccess(options), 'GET', `/v1/findings/${encodeURIComponent(id)}`)
  if (options.json) return sayJson(finding)
  say(paint('bold', printable(finding.sentence)))
  sayFinding(finding)
  sayList('why', finding.features)
  sayList('would not have fired if', finding.unless)
  sayList(`evidence (${finding.evidenceCount} events)`, finding.evidence)
}

function sayFinding(finding: Finding): void {
  const { measured, life } = finding
  const expected = measured.expected
  sayFacts({
    detector: finding.detector,
    severity: `${finding.severity}, confidence ${finding.confidence}`,
    state: finding.verdict ? `${finding.state}: ${finding.verdict}` : finding.state,
    note: finding.note,
    detected: instant(finding.detectedAt),
    'last seen': finding.repeats > 0 ? `${instant(finding.seenAt)}, ${finding.repeats} times more` : null,
    observed: expected ? `${measured.observed}; expected ${expected.value} (${expected.low} to ${expected.high})` : null,
    incident: finding.incidentId,
    token: life ? `${life.token.id} of ${life.token.owner}, ${life.token.state}` : null,
    age: life ? `${duration(life.ageMs)}, rotated ${life.rotations} times, last used ${instant(life.lastUsedAt)}` : null,
    techniques: finding.techniques.join(', '),
    suggested: finding.suggests.join(', '),
    caveats: finding.caveats.join(', '),
  })
}

function sayList(title: string, lines: readonly string[]): void {
  if (lines.length === 0) return
  say(paint('dim', title))
  for (const line of lines) say(`  ${printable(line)}`)
}

async function triage(id: string, _options: TriageOptions, command: Command): Promise<void> {
  const options = command.optsWithGlobals<TriageOptions>()
  const { verdict, note, assignee } = options
  const state = options.state ?? (verdict === undefined ? undefined : 'closed')
  const body = { state, verdict, note, assignee }
  const finding = await call<Finding>(serverAccess(options), 'POST', `/v1/findings/${encodeURIComponent(id)}/triage`, body)
  if (options.json) return sayJson(finding)
  say(`${finding.id} is ${finding.verdict ? `${finding.state}: ${finding.verdict}` : finding.state}`)
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > 500)
    throw new InvalidArgumentError('Expected a whole number from 1 to 500.')
  return limit
}
