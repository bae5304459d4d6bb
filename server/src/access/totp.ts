import { createHmac, timingSafeEqual } from 'node:crypto'

/** Time-based one-time codes (RFC 6238) with HMAC-SHA-1, 30 seconds and 6 digits: what every authenticator app takes. */

const STEP_MS = 30_000
const DIGITS = 6
/** A code of the step before and after is taken, for clocks that differ (RFC 6238 §5.2). */
const DRIFT_STEPS = 1

/** The code of a time step (RFC 4226 §5.3). */
export function codeOf(secret: Uint8Array, step: number, digits = DIGITS, hash = 'sha1'): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac(hash, secret).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 0x0f
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

/** The time step of a moment. */
export function stepOf(at: number): number {
  return Math.floor(at / STEP_MS)
}

/** The time step that a code belongs to, near a moment; null where it belongs to none. Every candidate is compared. */
export function stepOfCode(secret: Uint8Array, code: string, at: number): number | null {
  const given = Buffer.from(code)
  let found: number | null = null
  for (let drift = -DRIFT_STEPS; drift <= DRIFT_STEPS; drift++) {
    const step = stepOf(at) + drift
    const expected = Buffer.from(codeOf(secret, step))
    if (given.length === expected.length && timingSafeEqual(given, expected)) found = step
  }
  return found
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Base32 without padding (RFC 4648 §6), as authenticator apps read secrets. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let [bits, value] = [0, 0]
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(value >>> bits) & 31]
    }
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text
}

/** What an authenticator app reads from a picture. */
export function otpauthUri(secret: Uint8Array, account: string): string {
  const label = `Tokentrail:${account}`
  return `otpauth://totp/${encodeURIComponent(label)}?secret=${base32(secret)}&issuer=Tokentrail&algorithm=SHA1&digits=${DIGITS}&period=${STEP_MS / 1000}`
}
