import { Command } from 'commander'
import { call, serverAccess, type ServerOptions } from './api.ts'
import { asked } from './audit-log.ts'
import { Failure } from './exit.ts'
import { paint, say, sayFacts, sayJson, whole } from './print.ts'

/** The parts of `…/v1/audit/recovery` that are printed. */
interface Recoverable {
  readonly why: string
  readonly lost: { readonly origin: string; readonly from: number; readonly size: number; readonly read: number }
  readonly endings: number
  readonly found: number
  readonly isComplete: boolean
  readonly ended?: number
  readonly reissued?: number
  readonly next?: { readonly shard: string; readonly vkey: string }
  readonly approval?: { readonly id: string }
}

interface RestoreOptions extends ServerOptions {
  readonly json?: boolean
  readonly recover?: boolean
  readonly ticket?: string
  readonly reissue?: boolean
  readonly acceptLoss?: boolean
  readonly approval?: string
  readonly ground?: string
}

/** `tokentrail restore` */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('what a restored backup has forgotten; with --recover the log goes on in a new shard and ended tokens stay dead')
    .option('--recover', 'go on')
    .option('--ticket <ticket>', 'where this was decided (with --recover)')
    .option('--reissue', 'where endings are missing: end older single-use tokens, suspend the others')
    .option('--accept-loss', 'where endings are missing: let older tokens live')
    .option('--approval <id>', 'the approval that was given')
    .option('--ground <text>', 'for who decides')
    .action(restore)
}

async function restore(options: RestoreOptions): Promise<void> {
  const access = serverAccess(options)
  if (!options.recover) {
    const found = await call<Recoverable>(access, 'GET', '/v1/audit/recovery')
    return options.json ? sayJson(found) : sayRecoverable(found)
  }
  if (options.ticket === undefined) throw new Failure('usage', 'Say with --ticket where this was decided: it stands in the log.')
  if (options.reissue && options.acceptLoss) throw new Failure('usage', 'Choose --reissue or --accept-loss, not both.')
  const { ticket, approval, ground } = options
  const choice = options.reissue ? 'reissue' : options.acceptLoss ? 'accept_loss' : undefined
  const body = {
    ticket,
    ...(choice && { choice }),
    ...(approval !== undefined && { approval }),
    ...(ground !== undefined && { ground }),
  }
  const done = await call<Recoverable>(access, 'POST', '/v1/audit/recovery', body)
  if (options.json) return sayJson(done)
  if (done.approval) return say(asked(done.approval.id))
  sayRecoverable(done)
  say(`${paint('green', '✓')} ${whole(done.ended ?? 0)} tokens ended again, ${whole(done.reissued ?? 0)} must be issued anew`)
  say(`The log goes on in ${done.next?.shard} with the key ${done.next?.vkey}. Restart the other servers.`)
}

function sayRecoverable({ why, lost, endings, found, isComplete }: Recoverable): void {
  say(why)
  sayFacts({
    lost: `entries ${whole(lost.from)} to ${whole(lost.size)} of ${lost.origin}, ${whole(lost.read)} of them can be read`,
    endings: `${whole(found)} of ${whole(endings)} are still known`,
    choice: isComplete ? undefined : 'needed: --reissue or --accept-loss, and a second person',
  })
}
