import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import type { RecordReads } from '../records/records.ts'
import { DOMAINS } from './domains.ts'
import type { Keyring } from './keyring.ts'

/** Setting of a tenant: for how many days addresses are kept encrypted; 0 = not at all, which is what everybody begins with. */
export const SEALED_DAYS = 'privacy.sealed_address_days'
export const SEALED_DAYS_MAX = 30

const DAY_MS = 86_400_000
const NONCE_BYTES = 12
const TAG_BYTES = 16
const { epochOf } = DOMAINS.address_sealed

/** Addresses that can be read again for some days, where a tenant asked for it. Their keys are destroyed on a date. */
export interface SealedAddresses {
  /** Reads the tenant's setting, and makes the keys of a day and the next where it is on. */
  prepare(tenant: number, at: Milliseconds, now: Milliseconds): Promise<void>
  isOn(tenant: number): boolean
  /** Empty where it is off. */
  seal(tenant: number, at: Milliseconds, ip: string | undefined): string
  /** Null when the key is gone. */
  open(tenant: number, at: Milliseconds, sealed: string): string | null
}

export function createSealedAddresses(keyring: Keyring, read: Pick<RecordReads, 'setting'>): SealedAddresses {
  const days = new Map<number, number>()

  return {
    async prepare(tenant, at, now) {
      const kept = Math.min(Math.max(0, Number((await read.setting(tenant, SEALED_DAYS)) ?? 0)), SEALED_DAYS_MAX)
      days.set(tenant, kept)
      if (kept === 0) return
      for (const epoch of [epochOf(at), epochOf(at + DAY_MS)])
        await keyring.ensureOne('address_sealed', tenant, epoch, { now, livesAfterMs: kept * DAY_MS })
    },
    isOn: (tenant) => (days.get(tenant) ?? 0) > 0,
    seal(tenant, at, ip) {
      if (ip === undefined || ip === '' || !days.get(tenant)) return ''
      const key = keyring.get('address_sealed', tenant, epochOf(at))
      if (!key) return ''
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(placeOf(tenant, at))
      return Buffer.concat([nonce, cipher.update(ip, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
    },
    open(tenant, at, sealed) {
      const key = keyring.get('address_sealed', tenant, epochOf(at))
      if (!key || sealed === '') return null
      const bytes = Buffer.from(sealed, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(placeOf(tenant, at)).setAuthTag(bytes.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
    },
  }
}

function placeOf(tenant: number, at: Milliseconds): Buffer {
  return Buffer.from(`${tenant}|${epochOf(at)}`)
}
