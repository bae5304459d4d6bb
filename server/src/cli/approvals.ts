import { Command, Option } from 'commander'
import { call, queryString, serverAccess, type ServerOptions } from './api.ts'
import { instant, say, sayJson, sayTable } from './print.ts'

/** The fields of an approval's resource that the commands print. */
interface Approval {
  readonly id: string
  readonly action: string
  readonly params: Readonly<Record<string, unknown>>
  readonly ground: string
  readonly state: string
  readonly requester: string
  readonly lapsesAt: string
}

interface Common extends ServerOptions {
  readonly json?: boolean
}

/** `tokentrail approvals list`, `approvals give`, `approvals refuse` */
export function approvalsCommand(common: (command: Command) => Command): Command {
  const approvals = new Command('approvals').description('what needs a second person: see what was asked for, and decide')
  approvals.addCommand(
    common(new Command('list'))
      .description('newest first')
      .addOption(new Option('--state <state>').choices(['requested', 'given', 'refused', 'spent', 'lapsed']))
      .action(list),
  )
  for (const word of ['give', 'refuse'] as const) {
    approvals.addCommand(
      common(new Command(word))
        .description(word === 'give' ? 'agree to exactly what was asked for' : 'refuse what was asked for')
        .argument('<id>')
        .option('--note <text>', 'for people')
        .action((id: string, options: Common & { readonly note?: string }) => decide(id, word, options)),
    )
  }
  return approvals
}

async function list(options: Common & { readonly state?: string }): Promise<void> {
  const page = await call<{ items: readonly Approval[] }>(
    serverAccess(options),
    'GET',
    `/v1/approvals${queryString({ state: options.state })}`,
  )
  if (options.json) return sayJson(page)
  if (page.items.length === 0) return say('Nobody asked for anything.')
  const rows = page.items.map(({ id, action, state, requester, lapsesAt, params, ground }) => {
    return [id, action, state, requester, instant(lapsesAt), JSON.stringify(params), ground]
  })
  sayTable(['id', 'action', 'state', 'asked by', 'lapses', 'what exactly', 'why'], rows)
}

async function decide(id: string, word: 'give' | 'refuse', options: Common & { readonly note?: string }): Promise<void> {
  const path = `/v1/approvals/${encodeURIComponent(id)}/${word}`
  const approval = await call<Approval>(
    serverAccess(options),
    'POST',
    path,
    options.note === undefined ? {} : { note: options.note },
  )
  if (options.json) return sayJson(approval)
  say(`${approval.id} is ${approval.state}`)
}
