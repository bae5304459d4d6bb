import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Config } from './config/config.ts'
import type { Log } from './config/log.ts'
import type { Watch } from './detect/watch.ts'
import { createHttp } from './http/server.ts'
import { openBase } from './main/base.ts'
import { startDemo } from './main/demo.ts'
import { openDesks } from './main/desks.ts'
import { openDetection } from './main/detecting.ts'
import { startingDetail, warmCache } from './main/house.ts'
import { provideAdminToken } from './main/install.ts'
import { listen } from './main/listen.ts'
import { createParts, type Parts } from './main/parts.ts'
import { openTokens } from './main/tokens.ts'
import { openTrail } from './main/trail.ts'
import type { Door } from './tokens/door.ts'
import type { Issuer } from './tokens/issuer.ts'

export { readConfig } from './config/config.ts'
export { createLog } from './config/log.ts'
export type { Config, ConfigOptions } from './config/config.ts'
export type { Log, LogLevel } from './config/log.ts'
export type { Door, ValidationRequest, Verdict } from './tokens/door.ts'
export type { Issuer } from './tokens/issuer.ts'

/** A running server. */
export interface Tokentrail {
  readonly url: string
  /** The tenant that an installation begins with. */
  readonly tenantNo: number
  /** Validates in this process. */
  readonly door: Door
  /** Issues, changes and ends tokens in this process. */
  readonly issuer: Issuer
  readonly data: string
  /** File that holds the admin token (0600). */
  readonly adminTokenFile: string
  /** A link that signs the admin in to the dashboard, once. */
  signIn(): Promise<string>
  /** Answers what is under way and closes every part in the reverse order of opening. */
  close(): Promise<void>
}

export interface OpenOptions {
  /** Plants a simulated tenant and its live traffic; hears of the progress. */
  readonly demo?: (line: string) => void
}

const DASHBOARD = fileURLToPath(new URL('../../dashboard/dist', import.meta.url))
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** The whole product: opens each part and hands it what it needs. What fails to open closes what was opened before it. */
export async function openTokentrail(config: Config, log: Log, options: OpenOptions = {}): Promise<Tokentrail> {
  const parts = createParts(log)
  try {
    return await openParts(config, log, options, parts)
  } catch (error) {
    await parts.close()
    throw error
  }
}

async function openParts(config: Config, log: Log, options: OpenOptions, parts: Parts): Promise<Tokentrail> {
  const base = { ...(await openBase({ config, log, parts, isDemo: options.demo !== undefined })), version }
  const trail = await openTrail(base)
  const tokens = openTokens({ ...base, ...trail })
  const desks = await openDesks({ ...base, ...trail, ...tokens })
  const all = { ...base, ...trail, ...tokens, ...desks }
  const { publicUrl, trustedProxies } = config
  const begun: { watch?: Watch } = {}
  const shown = { dashboard: DASHBOARD, trustedProxies, detecting: () => begun.watch?.state() }
  const http = parts.add(await createHttp({ ...all, ...shown, ...(publicUrl === undefined ? {} : { publicUrl }) }))

  const { folder, tenant, journal, note, door, issuer, access } = all
  const admin = await provideAdminToken({ ...all, file: folder.adminToken })
  await journal.register('detect')
  if (options.demo) parts.add(await startDemo({ ...all, say: options.demo }))
  begun.watch = await openDetection(all)
  void warmCache(door, all.records, log)
  const url = await listen(http, config)
  await note('system.started', startingDetail(version, DASHBOARD))
  return {
    url,
    tenantNo: tenant.no,
    door,
    issuer,
    data: config.data,
    adminTokenFile: folder.adminToken,
    signIn: async () => (publicUrl ?? url) + (await access.signInLink(admin)).path,
    close: async () => {
      await note('system.stopped')
      await parts.close()
    },
  }
}
