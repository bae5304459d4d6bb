/**
 * How many labelled events of vendors the shipped rules find: `npm run bench -- vendor-events [--half A|B] [--show]`. Every event is
 * imported; the rules of the list below are judged. Each label is the verdict of a named rule of somebody else on a hand-written event.
 * Half A was for writing our rules; half B is scored for a release. Both are chosen by the hash of rule and test.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { FORMATS, type FormatName } from '../../server/src/connect/formats.ts'
import { parseLine } from '../../server/src/connect/line.ts'
import { toRow } from '../../server/src/connect/to-row.ts'
import { loadPack } from '../../server/src/detect/rules/pack.ts'
import { createRunner } from '../../server/src/detect/rules/correlation.ts'
import type { EventRow } from '../../server/src/event/row.ts'
import { COVERED, isAboutTokens, TOKEN_RULES } from './vendor-rules.ts'

const { values } = parseArgs({
  options: {
    half: { type: 'string', default: '' },
    show: { type: 'boolean', default: false },
    data: { type: 'string', default: '' },
  },
})
const DATA =
  values.data === '' ? new URL('../../../shared/data/vendor-events/', import.meta.url) : new URL(`file://${values.data}/`)

interface Labelled {
  readonly rule: string
  readonly test: string
  readonly expected: boolean
  readonly threshold: number
  readonly mocks: boolean
  readonly event: Record<string, unknown>
  readonly source: string
  readonly half: 'A' | 'B'
}

const labelled = readdirSync(DATA)
  .filter((name) => name.endsWith('.jsonl'))
  .sort()
  .flatMap((name) => linesOf(name))
const pack = new Map(loadPack().rules.map((rule) => [rule.id, rule]))

function linesOf(name: string): readonly Labelled[] {
  const lines = readFileSync(new URL(name, DATA), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  return lines.map((line) => {
    const given = JSON.parse(line) as Omit<Labelled, 'source' | 'half'>
    const first = createHash('sha256').update(`${given.rule}\n${given.test}`).digest()[0] ?? 0
    return { ...given, source: name.replace('.jsonl', ''), half: first % 2 === 0 ? 'A' : 'B' }
  })
}

/** The log an event is of, by its shape: files mix the logs of one product's relatives. */
function formatOf({ source, event }: Labelled): FormatName {
  if ('protoPayload' in event || 'httprequest' in event) return 'gcp'
  if (
    event.kind === 'Event' ||
    'objectRef' in event ||
    'objectref' in event ||
    typeof (event.properties as { log?: unknown } | undefined)?.log === 'string'
  )
    return 'kubernetes'
  if ('eventSource' in event || 'eventName' in event) return 'cloudtrail'
  return BY_SOURCE[source] ?? 'cloudtrail'
}

const BY_SOURCE: Readonly<Record<string, FormatName | undefined>> = {
  'AWS.CloudTrail': 'cloudtrail',
  'Amazon.EKS.Audit': 'kubernetes',
  'Anthropic.Activity': 'anthropic',
  'Auth0.Events': 'auth0',
  'Cloudflare.Firewall': 'cloudflare',
  'Cloudflare.HttpRequest': 'cloudflare',
  'GCP.AuditLog': 'gcp',
  'GCP.HTTPLoadBalancer': 'gcp',
  'GitHub.Audit': 'github',
  'GitLab.Audit': 'gitlab',
  'Gravitational.TeleportAudit': 'teleport',
  'Notion.AuditLogs': 'notion',
  'Okta.SystemLog': 'okta',
  'OpenAI.Audit': 'openai',
  'Slack.AuditLogs': 'slack',
  'Snyk.GroupAudit': 'snyk',
  'Snyk.OrgAudit': 'snyk',
  'Tailscale.Audit': 'tailscale',
}

/** What every real record of these logs has and some hand-written ones lack or have blackened. */
const SOME_TIME = '2026-01-05T12:00:00Z'
const TIMES: Readonly<Partial<Record<FormatName, readonly string[]>>> = {
  cloudtrail: ['eventTime'],
  github: ['@timestamp'],
  kubernetes: ['requestReceivedTimestamp'],
  gcp: ['timestamp'],
  okta: ['published'],
  slack: ['date_create'],
  openai: ['effective_at'],
  anthropic: ['created_at'],
  snyk: ['created'],
  teleport: ['time'],
  gitlab: ['created_at'],
  cloudflare: ['Datetime'],
  auth0: ['data', 'date'],
  notion: ['event', 'timestamp'],
  tailscale: ['fields', 'recorded'],
}

function withIds(format: FormatName, event: Record<string, unknown>, no: number): Record<string, unknown> {
  if (format !== 'cloudtrail') return event
  const given = Object.fromEntries(Object.entries(event).filter(([, value]) => value !== '' && value !== null))
  return { eventID: `event-${no}`, eventSource: 'unknown.amazonaws.com', eventName: 'Unknown', ...given }
}

function withTime(format: FormatName, event: Record<string, unknown>): Record<string, unknown> {
  const [first = 'time', second] = TIMES[format] ?? []
  if (second === undefined) return { ...event, [first]: SOME_TIME }
  return { ...event, [first]: { ...(event[first] as object | undefined), [second]: SOME_TIME } }
}

/** Pseudonyms play no part here; the rest of the import is the real one. */
const privacy = {
  source: () => ({}),
  resource: () => 0n,
  fingerprint: () => ({ fingerprint: new Uint8Array(16), epoch: 0 }),
} as unknown as Parameters<typeof toRow>[1]['privacy']
const tenant = {
  no: 1,
  id: 't',
  name: 't',
  prefixes: { access: 'a', action: 'b', validation: 'c' },
  retention: 3,
  simulated: false,
  foreignTokens: false,
  createdAt: 0,
} as const

type Imported = ({ readonly rows: readonly EventRow[] } | { readonly refused: string }) & { readonly completed?: true }

/** As it stands; only if its time is missing or no time, with another one. */
function imported(one: Labelled, no: number): Imported {
  const format = formatOf(one)
  const event = withIds(format, one.event, no)
  const first = take(format, event, no)
  return 'rows' in first ? first : { ...take(format, withTime(format, event), no), completed: true }
}

function take(format: FormatName, event: Record<string, unknown>, no: number): Imported {
  const mapped = FORMATS[format].map(event)
  if ('refused' in mapped) return { refused: `${format}: ${mapped.refused}` }
  try {
    return { rows: mapped.events.map((given, i) => rowOf(given, no * 10 + i)) }
  } catch (error) {
    return { refused: `${format}: ${String(error)}` }
  }
}

function rowOf(event: unknown, seq: number): EventRow {
  const line = parseLine(event)
  const { token, owner = 'unknown' } = line.given
  const known =
    token === undefined
      ? undefined
      : {
          no: 1,
          id: token,
          kind: 'access',
          ownerNo: 1,
          ownerId: owner,
          generation: 0,
          canary: false,
          simulated: false,
          observed: true,
        }
  const context = {
    tenant,
    now: line.at,
    privacy,
    labels: (_: number, __: string, value: string | undefined) => value ?? '',
    token: known as never,
    claimed: undefined,
    actorNo: 0,
  }
  return Object.assign(toRow(line, context), { writer: 1, seq })
}

/** An event whose rule has a threshold comes as often: that is what its label means. */
function fires(id: string, rows: readonly EventRow[], threshold: number): boolean {
  const rule = pack.get(id)
  if (!rule) throw new TypeError(`There is no rule ${id} in the pack.`)
  const runner = createRunner(rule.source)
  const times = rule.source.kind === 'event' ? 1 : Math.min(threshold, 1000)
  return Array.from({ length: times }, (_, i) =>
    rows.map((row) => ({ ...row, occurredAt: row.occurredAt + i, seq: row.seq * 1000 + i })),
  )
    .flat()
    .some((row) => runner.see(row).length > 0)
}

const results = labelled.map((one, no) => ({ ...one, imported: imported(one, no) }))
const refused = results.flatMap(({ rule, test, imported: result }) =>
  'refused' in result ? [{ rule, test, why: result.refused }] : [],
)
const judged = results.filter(({ mocks, rule }) => !mocks && isAboutTokens(rule))

function score(half: 'A' | 'B') {
  const cases = judged
    .filter((one) => one.half === half)
    .map((one) => {
      const rows = 'rows' in one.imported ? one.imported.rows : []
      const ours = COVERED[one.rule] ?? []
      return {
        ...one,
        ours,
        fired: ours.some((id) => fires(id, rows, one.threshold)),
        any: [...pack.keys()].some((id) => fires(id, rows, one.threshold)),
      }
    })
  const [positive, negative] = [cases.filter(({ expected }) => expected), cases.filter(({ expected }) => !expected)]
  const share = (part: number, whole: number) => ({
    part,
    of: whole,
    value: whole === 0 ? null : Math.round((part / whole) * 1000) / 1000,
  })
  const count = (some: typeof cases, key: 'fired' | 'any'): number => some.filter((one) => one[key]).length
  return {
    half,
    recall: share(count(positive, 'fired'), positive.length),
    falsePositiveRate: share(count(negative, 'fired'), negative.length),
    recallByAnyRule: share(count(positive, 'any'), positive.length),
    firedOnNegativesByAnyRule: share(count(negative, 'any'), negative.length),
    bySource: Object.fromEntries(
      [...Map.groupBy(cases, ({ source }) => source)].map(([source, some]) => {
        const [yes, no] = [some.filter(({ expected }) => expected), some.filter(({ expected }) => !expected)]
        return [source, { found: `${count(yes, 'fired')}/${yes.length}`, falsePositives: `${count(no, 'fired')}/${no.length}` }]
      }),
    ),
    missed: positive.filter(({ fired }) => !fired).map(({ source, rule, test }) => ({ source, rule, test })),
    falsePositives: negative.filter(({ fired }) => fired).map(({ source, rule, test }) => ({ source, rule, test })),
  }
}

const names = [...new Set(labelled.map(({ rule }) => rule))].filter(isAboutTokens).sort()
const report = {
  what: 'labelled vendor events, token-related rules; a label is the verdict of a named third-party rule on a hand-written event, not the presence of an attack',
  at: new Date().toISOString(),
  imported: {
    events: results.length,
    givenATime: results.filter((one) => one.imported.completed).length,
    refused: refused.length,
    refusals: refused,
  },
  labelled: {
    judged: labelled.filter(({ mocks }) => !mocks).length,
    withMocks: labelled.filter(({ mocks }) => mocks).length,
    ofTokenRules: judged.length,
  },
  ruleList: {
    declared: TOKEN_RULES.source,
    names: names.length,
    covered: names.filter((name) => (COVERED[name] ?? []).length > 0).length,
    notCovered: names.filter((name) => (COVERED[name] ?? []).length === 0),
  },
  packDigest: createHash('sha256')
    .update([...pack.values()].map(({ digest }) => digest).join())
    .digest('hex')
    .slice(0, 16),
  halves: (values.half === '' ? (['A', 'B'] as const) : [values.half === 'B' ? ('B' as const) : ('A' as const)]).map(score),
}
process.stdout.write(
  `${JSON.stringify(values.show ? report : { ...report, halves: report.halves.map(({ missed, falsePositives, ...rest }) => ({ ...rest, missed: missed.length, falsePositives: falsePositives.length })) }, null, 2)}\n`,
)
if (values.half === '') {
  mkdirSync(new URL('../results/', import.meta.url), { recursive: true })
  writeFileSync(new URL('../results/vendor-events.json', import.meta.url), `${JSON.stringify(report, null, 2)}\n`)
}
