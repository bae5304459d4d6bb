import { Command } from 'commander'
import { call, serverAccess, type ServerOptions } from './api.ts'
import { instant, say, sayJson, sayTable } from './print.ts'

interface Common extends ServerOptions {
  readonly json?: boolean
}

interface Hold {
  readonly id: string
  readonly owner: string | null
  readonly token: string | null
  readonly from: string | null
  readonly to: string | null
  readonly ground: string
  readonly state: string
  readonly endsAt: string
}

type Answer = Hold | { readonly approval: { readonly id: string } }

/** `tokentrail hold set`, `hold release`, `hold list` */
export function holdCommand(common: (command: Command) => Command): Command {
  const hold = new Command('hold').description('what must not go, whatever the rules of retention say')
  hold.addCommand(common(new Command('list')).description('newest first').action(list))
  hold.addCommand(
    common(new Command('set'))
      .description('hold all of the tenant, or what is about an owner or a token; a second person agrees')
      .option('--owner <id>', 'what is about this owner')
      .option('--token <id>', 'what is about this token')
      .option('--from <time>', 'RFC 3339')
      .option('--to <time>', 'RFC 3339')
      .requiredOption('--ends <time>', 'RFC 3339: the hold ends by itself then')
      .requiredOption('--ground <text>', 'why; for people, never a secret')
      .option('--approval <id>', 'the approval that a second person gave')
      .action(set),
  )
  hold.addCommand(
    common(new Command('release'))
      .description('let go what a hold keeps; a second person agrees')
      .argument('<id>')
      .requiredOption('--ground <text>', 'why; for people, never a secret')
      .option('--approval <id>', 'the approval that a second person gave')
      .action(release),
  )
  return hold
}

async function list(options: Common): Promise<void> {
  const page = await call<{ items: readonly Hold[] }>(serverAccess(options), 'GET', '/v1/holds')
  if (options.json) return sayJson(page)
  if (page.items.length === 0) return say('Nothing is held.')
  sayTable(
    ['id', 'state', 'about', 'times', 'ends', 'why'],
    page.items.map((hold) => [hold.id, hold.state, aboutOf(hold), timesOf(hold), instant(hold.endsAt), hold.ground]),
  )
}

interface Set extends Common {
  readonly owner?: string
  readonly token?: string
  readonly from?: string
  readonly to?: string
  readonly ends: string
  readonly ground: string
  readonly approval?: string
}

async function set({ owner, token, from, to, ends, ground, approval, ...options }: Set): Promise<void> {
  const body = { owner, token, from, to, endsAt: ends, ground, approval }
  told(await call<Answer>(serverAccess(options), 'POST', '/v1/holds', body), options)
}

async function release(id: string, options: Common & { readonly ground: string; readonly approval?: string }): Promise<void> {
  const { ground, approval } = options
  const path = `/v1/holds/${encodeURIComponent(id)}/release`
  told(await call<Answer>(serverAccess(options), 'POST', path, { ground, approval }), options)
}

function told(answer: Answer, { json }: Common): void {
  if (json) return sayJson(answer)
  if ('approval' in answer && typeof answer.approval === 'object')
    return say(
      `A second person has to agree: tokentrail approvals give ${answer.approval.id}. Then run this again with --approval.`,
    )
  const hold = answer as Hold
  say(`${hold.id} is ${hold.state}: ${aboutOf(hold)}, until ${instant(hold.endsAt)}`)
}

function aboutOf({ owner, token }: Hold): string {
  return token !== null ? `token ${token}` : owner !== null ? `owner ${owner}` : 'the whole tenant'
}

function timesOf({ from, to }: Hold): string {
  return from === null && to === null ? 'all' : `${from === null ? '' : instant(from)} – ${to === null ? '' : instant(to)}`
}
