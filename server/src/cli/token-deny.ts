import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { SETTINGS } from '../config/config.ts'
import { appendDenial, newDenial } from '../tokens/denied-file.ts'
import { call, serverAccess } from './api.ts'
import { Failure } from './exit.ts'
import { note, sayJson } from './print.ts'
import type { ServerOptions } from './api.ts'

interface DenyOptions extends ServerOptions {
  readonly json?: boolean
  readonly data?: string
}

/** `tokentrail token deny ID`: on the machine itself it needs neither a running server nor records, only the data folder. */
export function denyCommand(): Command {
  return new Command('deny')
    .description('refuse a token at this node at once, also while records are down; by a line in the data folder, or over --url')
    .argument('<id>', 'public id of the token; never its text')
    .option('--data <folder>', 'data folder of the server')
    .action(deny)
}

async function deny(id: string, options: DenyOptions): Promise<void> {
  const done = options.url === undefined ? denyHere(id, options.data) : await denyThere(id, options)
  if (options.json) return sayJson(done)
  note(`Token ${id} is refused at this node from now on. It enters records as suspended when they can be written.`)
}

function denyHere(id: string, data = process.env[SETTINGS.data.variable] ?? SETTINGS.data.fallback): object {
  if (!statSync(data, { throwIfNoEntry: false })?.isDirectory())
    throw new Failure('usage', `There is no data folder ${data}. Name the server's with --data, or reach it with --url.`)
  const file = join(data, 'denied')
  try {
    const { at } = write(file, id)
    return { id, denied: true, since: new Date(at).toISOString(), file }
  } catch (cause) {
    throw new Failure('failed', `The line could not be written to ${file}: ${(cause as Error).message}`, { cause })
  }
}

function write(file: string, id: string) {
  const denial = newDenial(id, { tenantNo: null, at: Date.now(), by: { kind: 'person', no: 0 } })
  appendDenial(file, denial)
  return denial
}

function denyThere(id: string, options: DenyOptions): Promise<object> {
  return call<object>(serverAccess(options), 'POST', `/v1/tokens/${encodeURIComponent(id)}/deny`, {})
}
