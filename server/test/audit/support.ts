import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventId } from 'tokentrail'
import type { AuditLog } from '../../src/audit/audit.ts'
import { systemDisk } from '../../src/audit/disk.ts'
import { fsck } from '../../src/audit/fsck.ts'
import { openAudit, type AuditOptions } from '../../src/audit/open.ts'
import { systemClock, type Clock } from '../../src/clock.ts'
import { createSeal } from '../../src/privacy/seal.ts'
import { openSubjectKeys, type SubjectKeys } from '../../src/privacy/subject-keys.ts'
import { createKeyEncryption } from '../../src/privacy/wrap.ts'
import { openRecords } from '../../src/records/open.ts'
import type { Records, Tenant } from '../../src/records/records.ts'
import { ADMIN, collectingLog, newToken } from '../records/fixture.ts'

const KEK = new Uint8Array(32).fill(9)

/** Where a log stands: a folder for the records and the tiles, and one for the keys. */
export interface Place {
  readonly folder: string
  readonly keys: string
  readonly url?: string
  remove(): void
}

export function newPlace(url?: string): Place {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-audit-'))
  const keys = mkdtempSync(join(tmpdir(), 'tokentrail-keys-'))
  return {
    folder,
    keys,
    ...(url === undefined ? {} : { url }),
    remove() {
      for (const each of [folder, keys]) rmSync(each, { recursive: true, force: true })
    },
  }
}

/** A log with the records beneath it, as one process has them. */
export interface OpenLog {
  readonly records: Records
  readonly audit: AuditLog
  readonly tenant: Tenant
  readonly log: ReturnType<typeof collectingLog>
  readonly dir: string
  readonly keys: SubjectKeys
  /** Issues tokens; gives the ids of their events. */
  issue(count: number): Promise<readonly string[]>
  fsck(): ReturnType<typeof fsck>
  close(): Promise<void>
}

export async function openLog(
  place: Place,
  more: Partial<AuditOptions> & { readonly name?: string; readonly clock?: Clock } = {},
): Promise<OpenLog> {
  const { name = 'audit', clock = systemClock } = more
  const log = collectingLog()
  const records = await openRecords({
    ...(place.url === undefined ? { file: join(place.folder, 'records.db') } : { url: place.url }),
    clock,
    log,
  })
  const keys: SubjectKeys = await openSubjectKeys({
    ...(place.url === undefined
      ? { file: join(place.folder, 'subject-keys.db') }
      : { file: join(place.folder, `${name}-subject-keys.db`) }),
    kek: createKeyEncryption(() => [KEK]),
  })
  const dir = join(place.folder, name)
  const audit = await openAudit({
    records,
    dir,
    clock,
    log,
    version: '0.0.0-test',
    keyFile: join(place.keys, 'log-key'),
    seal: createSeal({ keys }),
    ...more,
  })
  const known = await records.read.tenantById('t_one')
  const tenant = known ?? (await records.act('addTenant', { id: 't_one', name: 'Acme', at: clock.now(), actor: ADMIN }))
  return {
    records,
    audit,
    tenant,
    log,
    dir,
    keys,
    async issue(count) {
      const issued = Array.from({ length: count }, () =>
        records.act('issueToken', { token: newToken(tenant, { digest: randomBytes(32) }), at: clock.now(), actor: ADMIN }),
      )
      return (await Promise.all(issued)).map(({ event }) => idOf(event))
    },
    fsck: () => fsck({ dir, disk: systemDisk, read: records.read }),
    async close() {
      await audit.close()
      await keys.close()
      await records.close()
    },
  }
}

function idOf({ writer, seq }: { readonly writer: number; readonly seq: number }): string {
  return eventId(writer, seq)
}
