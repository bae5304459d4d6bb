import { Argument, Command, Option } from 'commander'
import type { ReconcileCheck } from '../audit/reconcile.ts'
import { call, queryString, serverAccess, type ServerOptions } from './api.ts'
import { duration, instant, paint, say, sayFacts, sayJson, sayTable, whole } from './print.ts'
import { parseInstant } from './time.ts'

interface Common extends ServerOptions {
  readonly json?: boolean
}

/** The parts of `GET /v1/audit` that are printed. */
interface State {
  readonly shard: string
  readonly origin: string
  readonly vkey: string
  readonly size: number
  readonly checkpoint: { readonly size: number; readonly root: string; readonly at: string } | null
  readonly halted: string | null
  readonly waiting?: number
  readonly lagMs?: number
  readonly failure?: string | null
  readonly publish: string
  readonly nightly?: {
    readonly at: string
    readonly isGood: boolean
    readonly checks: readonly Pick<ReconcileCheck, 'name' | 'state' | 'says'>[]
  } | null
  readonly shards: readonly {
    readonly name: string
    readonly size: number
    readonly openedAt: string
    readonly closedAt: string | null
  }[]
}

interface Entries {
  readonly items: readonly { readonly shard: string; readonly index: number; readonly entry: Entry; readonly raw: string }[]
  readonly next?: string
}

interface Entry {
  readonly at: string
  readonly event: string
  readonly n: number
  readonly reason: string
  readonly tenant: string
  readonly type: string
  readonly shown: Readonly<Record<string, unknown>>
}

interface EntriesOptions extends Common {
  readonly type?: string
  readonly from?: number
  readonly to?: number
  readonly install?: boolean
  readonly limit: number
}

/** `tokentrail audit status` */
export function statusCommand(): Command {
  return new Command('status').description('how the log stands').action(status)
}

/** `tokentrail audit entries` */
export function entriesCommand(): Command {
  return new Command('entries')
    .description('entries of the log, newest first; reading them is an entry itself')
    .option('--type <type>', 'such as token.revoked')
    .option('--from <time>', 'RFC 3339, or a length of time before now', parseInstant)
    .option('--to <time>', 'the same', parseInstant)
    .option('--install', "every tenant's, and the installation's own")
    .addOption(new Option('--limit <count>', 'entries').default(50).argParser(Number))
    .action(entries)
}

/** `tokentrail audit rotate` */
export function rotateCommand(): Command {
  return new Command('rotate')
    .description('close the open shard and begin the next with a new key; a second person agrees')
    .requiredOption('--why <ticket>', 'where this was decided')
    .option('--approval <id>', 'the approval that was given')
    .option('--ground <text>', 'for who decides')
    .action(rotate)
}

/** `tokentrail audit publish` */
export function publishCommand(): Command {
  return new Command('publish')
    .description('say which files of the log need no credential')
    .addArgument(new Argument('<what>').choices(['none', 'checkpoint', 'tree', 'all']))
    .action(publish)
}

async function publish(what: string, options: Common): Promise<void> {
  const answer = await call<{ readonly publish: string }>(serverAccess(options), 'PUT', '/v1/audit/publish', { publish: what })
  if (options.json) return sayJson(answer)
  say(`${paint('green', '✓')} without a credential: ${answer.publish}`)
}

async function status(options: Common): Promise<void> {
  const state = await call<State>(serverAccess(options), 'GET', '/v1/audit')
  if (options.json) return sayJson(state)
  const { checkpoint, halted, failure, waiting, lagMs } = state
  const isGood = halted === null && !failure && state.nightly?.isGood !== false
  say(`${isGood ? paint('green', '✓') : paint('red', '✗')} ${state.origin}, ${whole(state.size)} entries`)
  sayFacts({
    checkpoint: checkpoint && `${whole(checkpoint.size)} at ${instant(checkpoint.at)}`,
    root: checkpoint?.root,
    key: state.vkey,
    waiting: waiting === undefined ? undefined : `${whole(waiting)}, the oldest for ${duration(lagMs ?? 0)}`,
    published: state.publish,
    halted,
    failure,
    comparison: nightlyText(state.nightly),
  })
  const rows = state.shards.map(({ name, size, openedAt, closedAt }) => [name, size, instant(openedAt), instant(closedAt)])
  sayTable(['shard', 'entries', 'opened', 'closed'], rows)
}

/** What the last comparison came to, `log` being the hashing of the whole log; nothing where the reader may not see it. */
function nightlyText(nightly: State['nightly']): string | undefined {
  if (nightly === undefined) return undefined
  if (nightly === null) return 'not yet since the start: "tokentrail audit reconcile" runs it now'
  const wrong = nightly.checks.filter(({ state }) => state === 'fails').map(({ name, says }) => `${name}: ${says}`)
  const said = wrong.length > 0 ? wrong.join(' ') : (nightly.checks.find(({ name }) => name === 'log')?.says ?? 'all holds')
  return `${nightly.isGood ? 'all agree' : 'FAILS'} at ${instant(nightly.at)}; ${said}`
}

async function entries(options: EntriesOptions): Promise<void> {
  const { type, from, to, install, limit } = options
  const query = queryString({ type, from, to, limit, scope: install ? 'install' : undefined })
  const page = await call<Entries>(serverAccess(options), 'GET', `/v1/audit/entries${query}`)
  if (options.json) return sayJson(page)
  const rows = page.items.map(({ shard, index, entry }) => {
    return [`${shard}/${index}`, instant(entry.at), entry.type, entry.reason, entry.event, JSON.stringify(entry.shown)]
  })
  if (rows.length === 0) return say('No entries.')
  sayTable(['place', 'at', 'type', 'reason', 'event', 'shown'], rows)
}

async function rotate(options: Common & { why: string; approval?: string; ground?: string }): Promise<void> {
  const { why, approval, ground } = options
  const body = { why, ...(approval !== undefined && { approval }), ...(ground !== undefined && { ground }) }
  const answer = await call<Answer>(serverAccess(options), 'POST', '/v1/audit/rotate', body)
  if (options.json) return sayJson(answer)
  if (answer.approval) return say(asked(answer.approval.id))
  say(`${paint('green', '✓')} the log goes on in ${answer.shard} with the key ${answer.vkey}`)
}

interface Answer {
  readonly approval?: { readonly id: string }
  readonly shard?: string
  readonly vkey?: string
}

/** What to do where a second person is needed. */
export function asked(id: string): string {
  return `A second person is needed: tokentrail approvals give ${id}. Then run this again with --approval ${id}.`
}
