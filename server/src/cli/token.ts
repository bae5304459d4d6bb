import { Command, InvalidArgumentError, Option } from 'commander'
import { ROLES } from '../records/records.ts'
import { call, queryString, serverAccess } from './api.ts'
import { duration, instant, note, paint, say, sayFacts, sayJson, sayTable } from './print.ts'
import { parseDuration, parseInstant } from './time.ts'
import { denyCommand } from './token-deny.ts'
import type { ServerOptions } from './api.ts'

/** The fields of a token's resource that the commands print. */
interface Token {
  readonly id: string
  readonly kind: string
  readonly state: string
  readonly owner: string
  readonly name?: string | null
  readonly scopes: readonly string[]
  readonly issuedAt: string
  readonly expiresAt?: string | null
  readonly lastUsedAt?: string | null
  readonly ending?: string | null
  readonly endingReason?: string | null
  readonly endedAt?: string | null
  readonly generation?: number
  readonly action?: string | null
  readonly token?: string
}

interface Common extends ServerOptions {
  readonly json?: boolean
}

/** `tokentrail token …` */
export function tokenCommand(common: (command: Command) => Command): Command {
  const token = new Command('token').description('issue, show and end tokens')
  token.addCommand(common(issueCommand()))
  token.addCommand(common(listCommand()))
  token.addCommand(common(showCommand()))
  token.addCommand(common(rotateCommand()))
  token.addCommand(common(revokeCommand()))
  token.addCommand(
    common(new Command('suspend').description('stop a token; it may be resumed').argument('<id>').action(actOn('suspend'))),
  )
  token.addCommand(
    common(new Command('resume').description('let a suspended token work again').argument('<id>').action(actOn('resume'))),
  )
  token.addCommand(common(denyCommand()))
  return token
}

function issueCommand(): Command {
  return new Command('issue')
    .description('issue a token; its text is printed once and kept nowhere')
    .requiredOption('--owner <id>', 'the person or service it belongs to')
    .addOption(new Option('--kind <kind>').choices(['access', 'action', 'validation']).default('access'))
    .option('--name <text>', 'what people call it')
    .option('--scope <scope…>', 'a scope it grants; may be repeated', collect, [])
    .option('--ttl <time>', 'how long it lives, such as 90d', parseDuration)
    .option('--expires <time>', 'when it ends, RFC 3339', parseInstant)
    .option('--cidr <range…>', 'an address range it may come from; may be repeated', collect, [])
    .option('--uses <count>', 'how often it may be used', parseCount)
    .option('--action <action>', 'what an action token permits')
    .option('--resource <resource>', 'what the action is done to')
    .addOption(new Option('--role <role>', 'lets the token sign in to Tokentrail itself').choices([...ROLES]))
    .action(issue)
}

interface IssueOptions extends Common {
  readonly owner: string
  readonly kind: string
  readonly name?: string
  readonly scope: string[]
  readonly ttl?: number
  readonly expires?: number
  readonly cidr: string[]
  readonly uses?: number
  readonly action?: string
  readonly resource?: string
  readonly role?: string
}

async function issue(options: IssueOptions): Promise<void> {
  const { owner, kind, name, action, resource, role } = options
  const body = {
    owner,
    kind,
    name,
    action,
    resource,
    role,
    ...(options.scope.length > 0 ? { scopes: options.scope } : {}),
    ...(options.cidr.length > 0 ? { cidrs: options.cidr } : {}),
    ...(options.ttl === undefined ? {} : { ttlSeconds: Math.round(options.ttl / 1000) }),
    ...(options.expires === undefined ? {} : { expiresAt: new Date(options.expires).toISOString() }),
    ...(options.uses === undefined ? {} : { usesMax: options.uses }),
  }
  sayIssued(await call<Token>(serverAccess(options), 'POST', '/v1/tokens', body), options)
}

/** The facts go to standard error where the text is piped on, so that `tokentrail token issue … > file` holds the token alone. */
function sayIssued(token: Token, options: Common): void {
  if (options.json) return sayJson(token)
  if (process.stdout.isTTY) {
    sayToken({ ...token })
    say()
  } else note(`Issued ${token.kind} token ${token.id} for ${token.owner}.`)
  say(token.token ?? '')
  if (process.stdout.isTTY) note(paint('yellow', 'Keep this text now: it is shown once and stored nowhere.'))
}

function sayToken(token: Token): void {
  sayFacts({
    id: token.id,
    kind: token.kind,
    state: token.state,
    name: token.name,
    owner: token.owner,
    scopes: token.scopes.join(' '),
    action: token.action,
    generation: token.generation,
    issued: instant(token.issuedAt),
    expires: token.expiresAt ? instant(token.expiresAt) : 'never',
    ended: token.endedAt
      ? `${instant(token.endedAt)}, ${token.ending ?? ''}${token.endingReason ? ` (${token.endingReason})` : ''}`
      : null,
  })
}

function listCommand(): Command {
  return new Command('list')
    .description('list tokens, newest first')
    .addOption(new Option('--kind <kind>').choices(['access', 'action', 'validation']))
    .option('--state <state>', 'active, in_grace, suspended, revoked, superseded, consumed, expired, …')
    .option('--owner <id>')
    .option('--search <text>', 'part of a name, id or owner')
    .option('--limit <count>', 'how many', parseCount, 50)
    .action(list)
}

type ListOptions = Common & {
  readonly kind?: string
  readonly state?: string
  readonly owner?: string
  readonly search?: string
  readonly limit: number
}

async function list(options: ListOptions): Promise<void> {
  const { kind, state, owner, search, limit } = options
  const access = serverAccess(options)
  const tokens: Token[] = []
  for (let cursor: string | undefined, more = true; more && tokens.length < limit;) {
    const query = queryString({ kind, state, owner, search, cursor, limit: Math.min(limit - tokens.length, 500) })
    const page = await call<{ items: Token[]; next?: string }>(access, 'GET', `/v1/tokens${query}`)
    tokens.push(...page.items)
    cursor = page.next
    more = cursor !== undefined
  }
  if (options.json) return sayJson({ items: tokens })
  if (tokens.length === 0) return note('No token matches.')
  sayTable(['id', 'kind', 'state', 'owner', 'name', 'issued', 'expires'], tokens.map(listRow))
}

function listRow(token: Token): string[] {
  const expires = token.expiresAt ? instant(token.expiresAt).slice(0, 10) : 'never'
  return [token.id, token.kind, token.state, token.owner, token.name ?? '', instant(token.issuedAt).slice(0, 10), expires]
}

function showCommand(): Command {
  return new Command('show').description('show one token').argument('<id>', 'public id').action(show)
}

async function show(id: string, options: Common): Promise<void> {
  const token = await call<Token>(serverAccess(options), 'GET', tokenPath(id))
  if (options.json) sayJson(token)
  else sayToken(token)
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description('issue a successor; the old token works until the grace is over')
    .argument('<id>', 'public id')
    .option('--grace <time>', 'how long the old one still works, such as 24h', parseDuration)
    .action(rotate)
}

async function rotate(id: string, options: Common & { readonly grace?: number }): Promise<void> {
  const body = options.grace === undefined ? {} : { graceSeconds: Math.round(options.grace / 1000) }
  const successor = await call<Token>(serverAccess(options), 'POST', `${tokenPath(id)}/rotate`, body)
  if (!options.json && options.grace !== undefined) note(`The old token ${id} works for another ${duration(options.grace)}.`)
  sayIssued(successor, options)
}

function revokeCommand(): Command {
  return new Command('revoke')
    .description('end a token at once')
    .argument('<id>', 'public id')
    .option('--reason <reason>', 'manual, leaked, compromised, owner_left, idle, policy, …', 'manual')
    .option('--note <text>', 'for people; never a secret')
    .option('--family', 'also every living generation of its rotation')
    .action(revoke)
}

async function revoke(
  id: string,
  options: Common & { readonly reason: string; readonly note?: string; readonly family?: boolean },
): Promise<void> {
  const { reason, note, family } = options
  await actOn('revoke')(id, options, { reason, note, family })
}

type Act = 'suspend' | 'resume' | 'revoke'

function actOn(act: Act) {
  return async (id: string, options: Common, body: object = {}): Promise<void> => {
    const given = body instanceof Command ? {} : body
    const token = await call<Token>(serverAccess(options), 'POST', `${tokenPath(id)}/${act}`, given)
    if (options.json) sayJson(token)
    else say(`${token.id} is ${token.state}.`)
  }
}

function tokenPath(id: string): string {
  return `/v1/tokens/${encodeURIComponent(id)}`
}

function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number from 1.')
}
