import { join } from 'node:path'
import { OUTCOMES, TYPES } from 'tokentrail'
import { readAnchors } from '../audit/anchors/config.ts'
import type { AnchorsConfig } from '../audit/anchors/config.ts'
import { startAnchors, witnessesOf } from '../audit/anchors/anchors.ts'
import type { AnchoredLog, Anchors } from '../audit/anchors/anchors.ts'
import { askWitnesses } from '../audit/anchors/witnessed.ts'
import type { Beat } from '../audit/heartbeat.ts'
import { openAudit } from '../audit/open.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { blankEvent } from '../event/row.ts'
import type { Journal } from '../journal/journal.ts'
import { createSeal } from '../privacy/seal.ts'
import type { SubjectKeys } from '../privacy/subject-keys.ts'
import type { Records, Tenant } from '../records/records.ts'
import { createKeptDays } from '../retention/rules.ts'
import { createMailer } from '../send/mail.ts'
import { createWebhook } from '../send/webhook.ts'

/**
 * Opens the audit log over what the server has: it seals under the subjects' keys, says in heartbeats how the journal stands, and
 * brings its checkpoints to witnesses and other copies.
 */
export async function startAudit(o: {
  readonly records: Records
  readonly journal: Journal
  readonly subjectKeys: SubjectKeys
  readonly dir: string
  /** Folder of the keys. */
  readonly keys: string
  /** Configuration file of witnesses and other copies. */
  readonly config: string | undefined
  readonly tenant: Tenant
  readonly clock: Clock
  readonly log: Log
  readonly version: string
}): Promise<AnchoredLog> {
  const { records, journal, clock, log, version, dir } = o
  const { anchors, witnessRequired } = o.config === undefined ? NO_ANCHORS : readAnchors(o.config)
  const keptDays = await createKeptDays(records, log)
  const onAlarm = alarmOf(o)
  /** Heartbeats begin before the anchors do. */
  const running: { anchors?: Anchors } = {}
  const audit = await openAudit({
    records,
    dir,
    clock,
    log,
    version,
    onAlarm,
    keyFile: logKeyFile(o.keys),
    seal: createSeal({ keys: o.subjectKeys, keptDays: keptDays.of }),
    beat: () => beatOf(journal, running.anchors),
    witnessed: () => askWitnesses({ anchors, records, log }),
    witnessRequired,
  })
  const started = await startAnchors({
    anchors,
    audit,
    records,
    dir,
    clock,
    log,
    sendWebhook: { toPublic: createWebhook(), toAny: createWebhook({ anyAddress: true }) },
    sendMail: createMailer(),
    onAlarm: async ({ shard, size, check, why }) => {
      onAlarm({ shard, size, check: `anchor_${check}`, why })
      if (check === 'restore') await records.act('haltLog', { shard, halted: why })
    },
  })
  running.anchors = started
  const { state, close } = started
  return {
    ...audit,
    anchors: state,
    witnesses: witnessesOf(anchors),
    close: async () => (keptDays.close(), await close(), audit.close()),
  }
}

const NO_ANCHORS: AnchorsConfig = { anchors: [], witnessRequired: false }

/** Beginning of the names of the log's key files. */
export function logKeyFile(keys: string): string {
  return join(keys, 'log-key')
}

/** An integrity alarm is an event of its own: 703. */
function alarmOf({ journal, clock, tenant }: { readonly journal: Journal; readonly clock: Clock; readonly tenant: Tenant }) {
  return (alarm: { readonly shard: string; readonly size: number; readonly check: string; readonly why: string }): void => {
    const about = { tenant: tenant.no, retention: tenant.retention, occurredAt: clock.now(), outcome: OUTCOMES.none }
    const type = TYPES['audit.verification_failed'].id
    void journal.append({ ...blankEvent(), ...about, type, detail: JSON.stringify(alarm) })
  }
}

function beatOf(journal: Journal, anchors: Anchors | undefined): Beat {
  const witnesses = anchors?.state().filter(({ kind }) => kind === 'witness') ?? []
  return {
    journal: { writer: journal.writer, position: journal.position() },
    lost: Object.fromEntries(Object.entries(journal.conservation().dropped).map(([reason, count]) => [reason, count ?? 0])),
    witnesses: witnesses.map(({ name, held }) => ({ name, size: held?.size ?? 0 })),
  }
}
