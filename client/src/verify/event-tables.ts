import type { TypeName } from '../event.ts'

/**
 * Questions whose rows are events, one row each, and the types that they tell of. The server asks by this table, and who
 * verifies a pack looks by it whether a row is an entry of the log, and whether an entry is missing among the rows.
 */
export const EVENT_TABLES = {
  'token-lifecycle': [
    'token.issued',
    'token.imported',
    'token.changed',
    'token.scopes_changed',
    'token.rotated',
    'token.superseded',
    'token.revoked',
    'token.suspended',
    'token.resumed',
    'token.expired',
    'token.exhausted',
    'token.locked',
    'token.purged',
  ],
  'privileged-actions': [
    'principal.added',
    'principal.changed',
    'principal.removed',
    'role.granted',
    'role.removed',
    'config.changed',
    'rule.changed',
    'key.rotated',
    'key.destroyed',
    'tenant.added',
    'tenant.closed',
    'hold.set',
    'hold.released',
    'subject.erased',
    'subject.restricted',
    'pseudonym.revealed',
    'approval.requested',
    'approval.given',
    'approval.refused',
  ],
  'log-access': [
    'page.viewed',
    'reading.rejected',
    'report.generated',
    'report.viewed',
    'report.exported',
    'report.delivered',
    'report.undelivered',
    'pseudonym.revealed',
    'subject.accessed',
    'audit.read',
  ],
  'log-lifecycle': [
    'system.started',
    'system.stopped',
    'store.restarted',
    'sink.failed',
    'sink.paused',
    'sink.resumed',
    'loss.declared',
    'gap.found',
    'gap.filled',
    'coalescing.started',
    'coalescing.ended',
  ],
  'retention-runs': ['retention.applied', 'hold.set', 'hold.released', 'key.destroyed', 'token.purged'],
  'privacy-operations': [
    'subject.accessed',
    'subject.erased',
    'subject.restricted',
    'pseudonym.revealed',
    'hold.set',
    'hold.released',
    'key.destroyed',
  ],
} as const satisfies Readonly<Record<string, readonly TypeName[]>>

/** Entries that exist only in the log, which `log-lifecycle` tells of besides, for the install. */
export const LOG_LIFECYCLE = ['log.opened', 'log.closed', 'log.recovered'] as const
