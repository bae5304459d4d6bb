import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { fetchText, serverAccess } from './api.ts'
import { note, say } from './print.ts'
import type { ServerOptions } from './api.ts'

interface ProofOptions extends ServerOptions {
  readonly out?: string
}

/** `tokentrail audit proof EVENT`: what to hand to somebody who does not believe us. */
export function proofCommand(): Command {
  return new Command('proof')
    .description('get the proof that an event was recorded; check it with `tokentrail verify FILE --key …`')
    .argument('<event>', 'id of the event, evt_…')
    .option('--out <file>', 'write it to this file (default: standard output)')
    .action(proof)
}

async function proof(event: string, options: ProofOptions): Promise<void> {
  const text = await fetchText(serverAccess(options), `/v1/events/${encodeURIComponent(event)}/proof?wait=proof`)
  if (options.out === undefined) return say(text.trimEnd())
  writeFileSync(options.out, text)
  note(`The proof of ${event} stands in ${options.out}.`)
}
