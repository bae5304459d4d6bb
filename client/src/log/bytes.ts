import { TokentrailError } from '../errors.ts'

/** The bytes of a text, refused where it is no well-formed Unicode: a lone surrogate has no bytes. */
export function utf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw malformed('text', 'well-formed Unicode')
  return ENCODER.encode(text)
}

/** The text of bytes that must be well-formed UTF-8. */
export function textOf(bytes: Uint8Array, what: string): string {
  try {
    return DECODER.decode(bytes)
  } catch (cause) {
    throw malformed(what, 'well-formed UTF-8', cause)
  }
}

/** Base64 of RFC 4648 §4, with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += 0x2000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x2000))
  return btoa(binary)
}

/** Reads base64 and takes only the one spelling that `toBase64` gives: otherwise a changed byte could mean the same. */
export function fromBase64(text: string, what: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) throw malformed(what, 'base64 with padding')
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  if (toBase64(bytes) !== text) throw malformed(what, 'base64 without stray bits')
  return bytes
}

/** Base64 of RFC 4648 §5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Reads base64url without padding, in the one spelling that `toBase64Url` gives. */
export function fromBase64Url(text: string, what: string): Uint8Array {
  if (/[+/=]/.test(text)) throw malformed(what, 'base64url without padding')
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (text.length % 4)) % 4), what)
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Bytes one after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** A decimal from 0 to 2^63 - 1, without leading zeros. */
export function parseDecimal(text: string, what: string): bigint {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text)) throw malformed(what, 'a decimal without leading zeros')
  const value = BigInt(text)
  if (value >= 2n ** 63n) throw malformed(what, 'at most 2^63 - 1')
  return value
}

/** The error of everything here that reads: which part, and what was expected. */
export function malformed(what: string, expected: string, cause?: unknown): TokentrailError {
  return new TokentrailError('malformed', `${what}: expected ${expected}`, cause === undefined ? {} : { cause })
}

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
