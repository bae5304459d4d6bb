import { systemClock, type Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import { openDataFolder } from '../config/data-folder.ts'
import { openKeys } from '../config/keys.ts'
import type { Log } from '../config/log.ts'
import { openPrivacy } from '../privacy/pseudonyms.ts'
import { openSubjectKeys } from '../privacy/subject-keys.ts'
import { createKeyEncryption } from '../privacy/wrap.ts'
import { openRecords } from '../records/open.ts'
import type { Peppers } from '../tokens/peppers.ts'
import { installTenant } from './install.ts'
import { claimKeyHome } from './key-home.ts'
import type { Parts } from './parts.ts'

/** What everything else stands on: the data folder, the keys, the records, and the pseudonyms of people. */
export async function openBase(o: { config: Config; log: Log; parts: Parts; isDemo: boolean }) {
  const { config, log, parts, isDemo } = o
  const clock: Clock = systemClock
  const folder = parts.add(openDataFolder(config.data))
  const { keks, peppers: byNo } = openKeys(config.keys)
  const peppers: Peppers = { newest: Math.max(0, ...byNo.keys()), byNo }
  const kek = createKeyEncryption(keks)
  const recordsAt = config.recordsUrl === undefined ? { file: folder.records } : { url: config.recordsUrl }
  const records = parts.add(await openRecords({ ...recordsAt, clock, log }))
  const keysAt = config.subjectKeysUrl === undefined ? { file: folder.subjectKeys } : { url: config.subjectKeysUrl }
  const subjectKeys = parts.add(await openSubjectKeys({ ...keysAt, kek }))
  const tenant = await installTenant(records, clock, isDemo)
  const keyFile = config.subjectKeysUrl === undefined ? folder.subjectKeys : undefined
  await claimKeyHome({ records, tenant, file: keyFile, at: clock.now() })
  const privacy = parts.add(await openPrivacy({ records, kek, clock, log }))
  await privacy.prepare(tenant.no, clock.now())
  return { ...o, clock, folder, kek, peppers, records, subjectKeys, tenant, installTenantNo: tenant.no, privacy }
}

export type Base = Awaited<ReturnType<typeof openBase>>
