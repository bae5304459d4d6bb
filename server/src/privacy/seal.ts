import { createCipheriv, createDecipheriv, createHash, randomBytes, type KeyObject } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import { commitmentOf, SALT_BYTES } from 'tokentrail/log'
import type { Seal, Sealed, SealedRow, ToSeal } from '../records/sealed.ts'
import { classOfField } from './subject-classes.ts'
import type { SubjectKey, SubjectKeys } from './subject-keys.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const DAY_MS = 86_400_000

/** How long a sealed value is kept unless a tenant's policy says otherwise (critical events: 400 days). */
const KEPT_DAYS = 400

/**
 * Seals values under the keys of the people whom they are about. An entry of the log holds a salted commitment alone; value
 * and salt are encrypted together, so that destroying the key leaves a commitment which nobody can open or try values against.
 */
export function createSeal(o: { keys: SubjectKeys; keptDays?: (tenantNo: number) => number }): Seal {
  const expiryOf = ({ tenantNo, at }: ToSeal): Milliseconds => at + (o.keptDays?.(tenantNo) ?? KEPT_DAYS) * DAY_MS
  return async (values) => {
    const keys = await o.keys.ensure(
      values.map(({ tenantNo, ownerNo, field }) => ({ tenantNo, ownerNo, class: classOfField(field) })),
    )
    return values.map((value, index) => sealUnder(keys[index] ?? missing(), value, expiryOf(value)))
  }
}

/** What a sealed value says, with the salt that its commitment needs. */
export interface Opened {
  readonly salt: Uint8Array
  readonly value: string
}

/** Opens a sealed value; throws when the key, the place or a byte is another. */
export function openSealed(key: KeyObject, row: Pick<SealedRow, 'tenantNo' | 'event' | 'field' | 'nonce' | 'sealed'>): Opened {
  const decipher = createDecipheriv('aes-256-gcm', key, row.nonce, { authTagLength: TAG_BYTES }).setAAD(placeOf(row))
  decipher.setAuthTag(row.sealed.subarray(-TAG_BYTES))
  const clear = Buffer.concat([decipher.update(row.sealed.subarray(0, -TAG_BYTES)), decipher.final()])
  return { value: clear.subarray(0, -SALT_BYTES).toString('utf8'), salt: clear.subarray(-SALT_BYTES) }
}

function sealUnder({ id, key }: SubjectKey, value: ToSeal, expiresAt: Milliseconds): Sealed {
  const { tenantNo, event, field } = value
  const [salt, nonce] = [randomBytes(SALT_BYTES), randomBytes(NONCE_BYTES)]
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(placeOf(value))
  const sealed = Buffer.concat([cipher.update(value.value, 'utf8'), cipher.update(salt), cipher.final(), cipher.getAuthTag()])
  return {
    commitment: Buffer.from(commitmentOf(sha256, { event, field, salt, value: value.value })).toString('base64url'),
    row: { tenantNo, event, field, keyId: id, nonce, sealed, expiresAt },
  }
}

/** Binds the bytes to where they stand: moved to another event or field, they do not open. */
function placeOf({ tenantNo, event, field }: Pick<ToSeal, 'tenantNo' | 'event' | 'field'>): Buffer {
  return Buffer.from(`${tenantNo}|${event}|${field}`)
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}

function missing(): never {
  throw new TypeError('ensure: gives a key for each subject')
}
