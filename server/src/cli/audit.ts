import { Command } from 'commander'
import { fsckCommand } from './audit-fsck.ts'
import { entriesCommand, publishCommand, rotateCommand, statusCommand } from './audit-log.ts'
import { proofCommand } from './audit-proof.ts'
import { reconcileCommand } from './audit-reconcile.ts'

/** `tokentrail audit …` */
export function auditCommand(common: (command: Command) => Command): Command {
  return new Command('audit')
    .description('the audit log: how it stands, entries, proofs, and whether it is whole')
    .addCommand(common(statusCommand()))
    .addCommand(common(entriesCommand()))
    .addCommand(fsckCommand())
    .addCommand(common(rotateCommand()))
    .addCommand(common(publishCommand()))
    .addCommand(common(proofCommand()))
    .addCommand(common(reconcileCommand()))
}
