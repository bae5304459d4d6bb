import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { TrailError } from '../errors.ts'
import { auditCommand } from './audit.ts'
import { reportCommand, reportsCommand } from './report.ts'
import { restoreCommand } from './restore.ts'
import { approvalsCommand } from './approvals.ts'
import { detectCommand } from './detect-command.ts'
import { doctorCommand } from './doctor.ts'
import { evidenceCommand } from './evidence.ts'
import { EXIT_CODES, Failure } from './exit.ts'
import { detectionCommand } from './detection.ts'
import { findingsCommand } from './findings.ts'
import { holdCommand } from './hold.ts'
import { importCommand } from './import-command.ts'
import { leakCommand } from './leak.ts'
import { metricsCommand } from './metrics.ts'
import { note, paint } from './print.ts'
import { retentionCommand } from './retention.ts'
import { rulesCommand } from './rules.ts'
import { demoCommand, startCommand } from './serve.ts'
import { eraseCommand, exportCommand, keysCommand, restrictCommand, revealCommand } from './subjects.ts'
import { tokenCommand } from './token.ts'
import { verifyCommand } from './verify.ts'
import { witnessCommand } from './witness.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }

const program = new Command('tokentrail')
  .description('Security analytics for API tokens, self-hosted.')
  .version(version)
  .showHelpAfterError('(--help shows all)')
  .addCommand(startCommand())
  .addCommand(demoCommand())
  .addCommand(common(importCommand()))
  .addCommand(tokenCommand(common))
  .addCommand(common(metricsCommand()))
  .addCommand(common(reportCommand()))
  .addCommand(common(reportsCommand()))
  .addCommand(findingsCommand(common))
  .addCommand(detectionCommand(common))
  .addCommand(leakCommand(common))
  .addCommand(approvalsCommand(common))
  .addCommand(common(eraseCommand()))
  .addCommand(common(exportCommand()))
  .addCommand(common(restrictCommand()))
  .addCommand(common(revealCommand()))
  .addCommand(keysCommand(common))
  .addCommand(retentionCommand(common))
  .addCommand(holdCommand(common))
  .addCommand(detectCommand())
  .addCommand(rulesCommand(common))
  .addCommand(common(doctorCommand()))
  .addCommand(evidenceCommand(common))
  .addCommand(auditCommand(common))
  .addCommand(common(restoreCommand()))
  .addCommand(verifyCommand())
  .addCommand(witnessCommand())
  .addHelpText(
    'after',
    '\nExit codes: 0 ok, 1 failed, 2 usage, 3 findings (--fail-on), 4 not authorised, 5 not reachable, 6 not verified.',
  )

/** What every command that talks to a server takes. */
function common(command: Command): Command {
  return command
    .option('--url <address>', 'the server (or TOKENTRAIL_URL; default http://127.0.0.1:4600)')
    .option('--token-file <file>', 'holds a token of Tokentrail (or TOKENTRAIL_TOKEN)')
    .option('--json', 'print JSON')
}

/** Every way to end, as an exit code and, where it is not said yet, a sentence. */
function ended(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage
  note(paint('red', error instanceof Error ? error.message : String(error)))
  if (error instanceof Failure) return error.exitCode
  return error instanceof TrailError && error.code === 'config_invalid' ? EXIT_CODES.usage : EXIT_CODES.failed
}

for (const command of allCommands(program)) command.exitOverride()
try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = ended(error)
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)]
}
