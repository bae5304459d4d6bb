import { Command } from 'commander'
import type { ReconcileCheck } from '../audit/reconcile.ts'
import { call, serverAccess } from './api.ts'
import { EXIT_CODES } from './exit.ts'
import { paint, say, sayJson } from './print.ts'
import type { ServerOptions } from './api.ts'

interface ReconcileOptions extends ServerOptions {
  readonly json?: boolean
}

interface Answer {
  readonly at: string
  readonly isGood: boolean
  readonly checks: readonly ReconcileCheck[]
}

/** `tokentrail audit reconcile`: what runs each night, now. */
export function reconcileCommand(): Command {
  return new Command('reconcile')
    .description('compare records, journal and store with the audit log: has everything its leaf, do the counts add up')
    .addHelpText('after', '\nExit codes: 0 it holds, 6 something is not in the log, or does not add up.')
    .action(reconcile)
}

async function reconcile(options: ReconcileOptions): Promise<void> {
  const found = await call<Answer>(serverAccess(options), 'POST', '/v1/audit/reconcile', {})
  if (options.json) sayJson(found)
  else found.checks.forEach(sayCheck)
  process.exitCode = found.isGood ? EXIT_CODES.ok : EXIT_CODES['not verified']
}

function sayCheck({ name, state, says, wrong }: ReconcileCheck): void {
  say(`${paint(state === 'fails' ? 'red' : 'green', state.padEnd(10))} ${name.padEnd(9)} ${says}`)
  for (const each of wrong) say(`           ${each}`)
}
