import { Command } from 'commander'
import { proofCommand } from './audit-proof.ts'
import { reconcileCommand } from './audit-reconcile.ts'

/** `tokentrail audit …` */
export function auditCommand(common: (command: Command) => Command): Command {
  return new Command('audit')
    .description('the audit log: proofs, and whether it is whole')
    .addCommand(common(proofCommand()))
    .addCommand(common(reconcileCommand()))
}
