import { Command, Option } from 'commander'
import { call, queryString, serverAccess, type ServerOptions } from './api.ts'
import { instant, say, sayFacts, sayJson, sayTable, whole } from './print.ts'

interface Common extends ServerOptions {
  readonly json?: boolean
}

interface Went {
  readonly class: string
  readonly days: number | null
  readonly cut: string
  readonly rows: number
  readonly bytes: number
  readonly keys: number
  readonly held: number
  readonly shared: boolean
}

interface Rules {
  readonly events: number
  readonly sealedValues: number
  readonly tombstones: number
}

interface Certificate {
  readonly tenant: string
  readonly from: string
  readonly to: string
  readonly rules: Rules
  readonly runs: readonly (Went & { readonly event: string; readonly at: string })[]
  readonly holds: readonly { readonly id: string; readonly state: string; readonly ground: string }[]
  readonly says: string
}

/** `tokentrail retention show`, `retention set`, `retention run`, `retention certificate` */
export function retentionCommand(common: (command: Command) => Command): Command {
  const retention = new Command('retention').description('how long what is kept, what goes, and what went')
  retention.addCommand(common(new Command('show')).description('the rules').action(show))
  retention.addCommand(
    common(new Command('set'))
      .description('keep longer, or shorter with a second person')
      .addOption(new Option('--events <days>', 'days for which events stay').choices(['30', '90', '400', '2200']))
      .option('--sealed-values <days>', 'days for which sealed values of the audit log stay')
      .option('--tombstones <days>', 'days for which ended tokens are known')
      .option('--ground <text>', 'why; for people, never a secret')
      .option('--approval <id>', 'the approval that a second person gave')
      .action(set),
  )
  retention.addCommand(
    common(new Command('run'))
      .description('take what is over its time now')
      .option('--dry-run', 'say what would go, and change nothing')
      .action(run),
  )
  retention.addCommand(
    common(new Command('certificate'))
      .description('rules, runs and holds of a window')
      .option('--from <time>', 'RFC 3339; default a year ago')
      .option('--to <time>', 'RFC 3339; default now')
      .action(certificate),
  )
  return retention
}

async function show(options: Common): Promise<void> {
  const rules = await call<Rules>(serverAccess(options), 'GET', '/v1/retention')
  if (options.json) return sayJson(rules)
  sayRules(rules)
}

interface Set extends Common {
  readonly events?: string
  readonly sealedValues?: string
  readonly tombstones?: string
  readonly ground?: string
  readonly approval?: string
}

async function set(options: Set): Promise<void> {
  const { ground, approval } = options
  const days = Object.entries({
    events: options.events,
    sealedValues: options.sealedValues,
    tombstones: options.tombstones,
  }).flatMap(([name, value]) => (value === undefined ? [] : [[name, Number(value)] as const]))
  const body = { ...Object.fromEntries(days), ...(ground ? { ground } : {}), ...(approval ? { approval } : {}) }
  const answer = await call<Rules | { approval: { id: string } }>(serverAccess(options), 'PUT', '/v1/retention', body)
  if (options.json) return sayJson(answer)
  if ('approval' in answer)
    return say(
      `A second person has to agree: tokentrail approvals give ${answer.approval.id}. Then run this again with --approval.`,
    )
  sayRules(answer)
}

async function run(options: Common & { readonly dryRun?: boolean }): Promise<void> {
  const server = serverAccess(options)
  const { items } = await (options.dryRun
    ? call<{ items: readonly Went[] }>(server, 'GET', '/v1/retention/due')
    : call<{ items: readonly Went[] }>(server, 'POST', '/v1/retention/run', {}))
  if (options.json) return sayJson({ items })
  if (items.length === 0) return say('Nothing is over its time.')
  say(options.dryRun ? 'This would go:' : 'This went:')
  sayWent(items)
}

async function certificate(options: Common & { readonly from?: string; readonly to?: string }): Promise<void> {
  const path = `/v1/retention/certificate${queryString({ from: options.from, to: options.to })}`
  const found = await call<Certificate>(serverAccess(options), 'GET', path)
  if (options.json) return sayJson(found)
  sayFacts({ tenant: found.tenant, from: instant(found.from), to: instant(found.to) })
  sayRules(found.rules)
  if (found.runs.length > 0) sayWent(found.runs)
  else say('Nothing went in this time.')
  for (const hold of found.holds) say(`Hold ${hold.id} (${hold.state}): ${hold.ground}`)
  say(found.says)
}

function sayRules({ events, sealedValues, tombstones }: Rules): void {
  sayFacts({
    events: `${whole(events)} days`,
    'sealed values': `${whole(sealedValues)} days`,
    tombstones: `${whole(tombstones)} days`,
  })
}

function sayWent(items: readonly Went[]): void {
  sayTable(
    ['what', 'kept', 'older than', 'rows', 'bytes', 'keys', 'held', 'of'],
    items.map((each) => [
      each.class,
      each.days === null ? '' : `${each.days} days`,
      instant(each.cut),
      whole(each.rows),
      whole(each.bytes),
      whole(each.keys),
      whole(each.held),
      each.shared ? 'all tenants' : 'this tenant',
    ]),
  )
}
