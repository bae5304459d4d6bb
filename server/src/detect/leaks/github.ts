import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import type { RecordReads } from '../../records/records.ts'

/** Where the operator keeps the partner's public keys, as JSON: `[{ "keyId": "…", "key": "-----BEGIN PUBLIC KEY-----…" }]`. */
export const GITHUB_KEYS_SETTING = 'partners.github.keys'
export const PARTNER_KEYS_MAX = 20

export interface PartnerKey {
  readonly keyId: string
  /** SPKI: PEM, or base64 of DER. */
  readonly key: string
}

/** One match that the partner found. */
export interface PartnerMatch {
  readonly token: string
  readonly type: string
  readonly url: string | null
}

/** A key as it can verify, or undefined where it is none of ECDSA P-256. */
export function readKey({ key }: PartnerKey): KeyObject | undefined {
  try {
    const read = key.includes('-----BEGIN')
      ? createPublicKey(key)
      : createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' })
    return read.asymmetricKeyType === 'ec' && read.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? read : undefined
  } catch {
    return undefined
  }
}

/** Is the signature over these very bytes, by a key that the operator trusts? ECDSA P-256 over SHA-256, DER. */
export function isSignedByPartner(keys: readonly PartnerKey[], keyId: string, signature: string, body: Uint8Array): boolean {
  const own = keys.find((each) => each.keyId === keyId)
  const key = own && readKey(own)
  return key !== undefined && verify('sha256', body, key, Buffer.from(signature, 'base64'))
}

/** The keys of an installation. */
export async function partnerKeys(read: Pick<RecordReads, 'setting'>, tenantNo: number): Promise<readonly PartnerKey[]> {
  const kept = await read.setting(tenantNo, GITHUB_KEYS_SETTING)
  return kept === null ? [] : (JSON.parse(kept) as readonly PartnerKey[])
}
