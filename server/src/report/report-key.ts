import { formatKeyId, toBase64Url } from 'tokentrail/log'
import { makeLogKey } from '../audit/keys.ts'

/** What signs reports: a key of its own, that signs nothing else. */
export interface ReportKey {
  /** `<name>+<hash>+<base64>`, as every other key here is written. */
  readonly vkey: string
  /** Detached JWS (RFC 7515, appendix F) over bytes: `<protected>..<signature>`, alg EdDSA. */
  sign(bytes: Uint8Array): Promise<string>
  /** Public keys by which a report can be verified (RFC 7517). */
  jwks(): { readonly keys: readonly Readonly<Record<string, string>>[] }
}

/** Opens the report key of an installation, making it where it is missing. */
export function openReportKey(o: { readonly file: string; readonly install: string }): ReportKey {
  const { vkey, signer } = makeLogKey(o.file, `tokentrail.${o.install}/report`)
  const kid = `${signer.key.name}+${formatKeyId(signer.key.id)}`
  const head = toBase64Url(Buffer.from(JSON.stringify({ alg: 'EdDSA', kid })))
  return {
    vkey,
    async sign(bytes) {
      const signature = await signer.sign(Buffer.from(`${head}.${toBase64Url(bytes)}`))
      return `${head}..${toBase64Url(signature)}`
    },
    jwks: () => ({
      keys: [{ kty: 'OKP', crv: 'Ed25519', x: toBase64Url(signer.key.publicKey), kid, alg: 'EdDSA', use: 'sig' }],
    }),
  }
}
