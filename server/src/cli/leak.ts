import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { call, queryString, serverAccess, type ServerOptions } from './api.ts'
import { Failure } from './exit.ts'
import { scanFolder } from './leak-scan.ts'
import { instant, note, paint, printable, say, sayFacts, sayJson, sayTable } from './print.ts'
import { parseInstant } from './time.ts'

/** The fields of a leak's resource that the commands print. */
interface Leak {
  readonly id: string
  readonly state: string
  readonly token: string | null
  readonly url: string | null
  readonly reporter: string
  readonly partner: string | null
  readonly proven: boolean
  readonly exposedAt: string
  readonly reportedAt: string
  readonly note: string | null
  readonly uses?: {
    readonly accepted: number
    readonly refused: number
    readonly acceptedFromNew: number
    readonly networks: readonly {
      readonly network: string
      readonly country: string
      readonly accepted: number
      readonly failed: number
      readonly firstSeen: string
      readonly lastAt: string
    }[]
  } | null
}

interface Common extends ServerOptions {
  readonly json?: boolean
}

interface ReportOptions extends Common {
  readonly leakedFile?: string
  readonly hash?: string
  readonly id?: string
  readonly found?: string
  readonly since?: number
  readonly note?: string
}

/** The exit code of a scan that found something. */
const FOUND = 3

/** `tokentrail leak report`, `leak list`, `leak show`, `leak scan` */
export function leakCommand(common: (command: Command) => Command): Command {
  const leak = new Command('leak').description('leaked tokens: report them, see what came since')
  leak.addCommand(common(reportCommand()))
  leak.addCommand(common(new Command('list').description('reported leaks, newest first').option('--state <state>').action(list)))
  leak.addCommand(common(new Command('show').description('one leak, with the uses since').argument('<id>').action(show)))
  leak.addCommand(
    new Command('scan')
      .description('find texts of the shape of a token in a folder; prints digests, never a text')
      .argument('<folder>')
      .option('--prefix <prefix...>', 'prefixes of your tokens', ['ttk', 'tta', 'ttv'])
      .option('--json', 'print JSON')
      .action(scan),
  )
  return leak
}

function reportCommand(): Command {
  return new Command('report')
    .description('report a leaked token; the answer does not tell whether it is known')
    .option('--leaked-file <file>', 'holds the text of the leaked token; - is standard input')
    .option('--hash <sha256>', 'of a text that was imported by its hash, in hex')
    .option('--id <id>', 'its public id')
    .option('--found <url>', 'where it was found')
    .option('--since <time>', 'when it became public: RFC 3339, or how long ago such as 24h', parseInstant)
    .option('--note <text>', 'for people')
    .action(report)
}

async function report(options: ReportOptions): Promise<void> {
  const { leakedFile, hash, id, found, since, note: text } = options
  const token = leakedFile === undefined ? undefined : readText(leakedFile)
  if ([token, hash, id].filter((each) => each !== undefined).length !== 1)
    throw new Failure('usage', 'Name the token by exactly one of --leaked-file, --hash and --id.')
  const body = { token, hash, id, url: found, since, note: text }
  const { id: leakId } = await call<{ id: string }>(serverAccess(options), 'POST', '/v1/leaks', body)
  if (options.json) return sayJson({ id: leakId })
  say(`Reported as ${leakId}. See what came since: tokentrail leak show ${leakId}`)
}

async function list(options: Common & { readonly state?: string }): Promise<void> {
  const page = await call<{ items: readonly Leak[]; next?: string }>(
    serverAccess(options),
    'GET',
    `/v1/leaks${queryString({ state: options.state })}`,
  )
  if (options.json) return sayJson(page)
  if (page.items.length === 0) return say('No leak was reported.')
  const rows = page.items.map((each) => [
    each.id,
    instant(each.reportedAt),
    each.state,
    each.token ?? 'not known here',
    each.partner ?? each.reporter,
    each.url ?? '',
  ])
  sayTable(['id', 'reported', 'state', 'token', 'by', 'found at'], rows)
}

async function show(id: string, options: Common): Promise<void> {
  const leak = await call<Leak>(serverAccess(options), 'GET', `/v1/leaks/${encodeURIComponent(id)}`)
  if (options.json) return sayJson(leak)
  const { uses } = leak
  sayFacts({
    state: leak.state,
    token: leak.token ?? 'not known here',
    'found at': leak.url && printable(leak.url),
    public: `since ${instant(leak.exposedAt)}`,
    reported: `${instant(leak.reportedAt)} by ${leak.partner ?? leak.reporter}${leak.proven ? ', the text itself was shown' : ''}`,
    note: leak.note,
    uses: uses
      ? `${uses.accepted} accepted, ${uses.refused} refused since; ${uses.acceptedFromNew} from networks not seen before`
      : null,
  })
  if (!uses || uses.networks.length === 0) return
  const rows = uses.networks.map((each) => [
    each.network,
    each.country,
    String(each.accepted),
    String(each.failed),
    each.firstSeen === 'after' ? 'after the exposure' : 'before',
    instant(each.lastAt),
  ])
  sayTable(['network', 'country', 'accepted', 'refused', 'first seen', 'last used'], rows)
}

function scan(folder: string, options: { readonly prefix: readonly string[]; readonly json?: boolean }): void {
  const { found, files, left } = scanFolder(folder, options.prefix)
  if (options.json) sayJson({ found, files, left })
  else if (found.length === 0) say(`Nothing of the shape of a token in ${files} files.`)
  else
    sayTable(
      ['file', 'line', 'public id', 'SHA-256'],
      found.map(({ file, line, id, sha256 }) => [file, String(line), id, sha256]),
    )
  if (left > 0) note(paint('dim', `${left} files were left out: too large, not readable, or beyond the bound.`))
  if (found.length > 0) process.exitCode = FOUND
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').trim()
  } catch {
    throw new Failure('usage', `The file ${file} cannot be read.`)
  }
}
