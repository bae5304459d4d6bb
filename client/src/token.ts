import type { DecisionReason, TokenKind } from './event.ts'

/**
 * The text of a token: `<prefix>_<public id>_<secret><checksum>`. The public id is 16 base62 characters, the secret 256 bits
 * as 43, the checksum the CRC-32 (IEEE) of everything before it as 6. A short code is `<prefix>_<public id>_<6 to 8 digits>`.
 */

const ID_CHARS = 16
const SECRET_CHARS = 43
const CHECKSUM_CHARS = 6
/** Characters after the prefix: `_`, public id, `_`, secret and checksum. */
export const TOKEN_TAIL_CHARS = 1 + ID_CHARS + 1 + SECRET_CHARS + CHECKSUM_CHARS
/** Longer texts are refused unread. Texts of other systems (imported hashes) share the bound. */
export const TOKEN_CHARS_MAX = 4096
export const CODE_DIGITS = { min: 6, max: 8 } as const

export type TokenPrefixes = Readonly<Record<TokenKind, string>>
export const DEFAULT_PREFIXES: TokenPrefixes = { access: 'ttk', action: 'tta', validation: 'ttv' }

/** What a text says of itself. Nothing in it is proven. */
export interface TokenText {
  readonly kind: TokenKind
  readonly prefix: string
  readonly id: string
  /** 43 base62 characters, or the digits of a short code. */
  readonly secret: string
  readonly form: 'secret' | 'code'
}

/** Why a text is refused without a lookup. */
export type TextReason = Extract<DecisionReason, 'too_long' | 'malformed' | 'bad_checksum'>

/** Reads a text, or says why it is none: over the bound, not the shape of any configured token, or mistyped. */
export function parseToken(text: string, prefixes: TokenPrefixes = DEFAULT_PREFIXES): TokenText | TextReason {
  if (text.length > TOKEN_CHARS_MAX) return 'too_long'
  const parts = /^([A-Za-z][0-9A-Za-z_]{0,31})_([0-9A-Za-z]{16})_(?:([0-9A-Za-z]{43})([0-9A-Za-z]{6})|([0-9]{6,8}))$/.exec(text)
  const [, prefix = '', id = '', secret, checksum, code] = parts ?? []
  const kind = kindOf(prefix, prefixes)
  if (!parts || !kind) return 'malformed'
  if (code !== undefined) return kind === 'validation' ? { kind, prefix, id, secret: code, form: 'code' } : 'malformed'
  if (checksum !== checksumOf(text.slice(0, -CHECKSUM_CHARS))) return 'bad_checksum'
  return { kind, prefix, id, secret: secret ?? '', form: 'secret' }
}

/** Writes a text with its checksum. The parts must have the shape of a token. */
export function formatToken(prefix: string, id: string, secret: string): string {
  if (!isPrefix(prefix)) throw new TypeError(`prefix: expected a letter, then up to 31 letters, digits or _, not ending in _`)
  if (!/^[0-9A-Za-z]{16}$/.test(id)) throw new TypeError('id: expected 16 characters of base62')
  if (!/^[0-9A-Za-z]{43}$/.test(secret)) throw new TypeError('secret: expected 43 characters of base62')
  const head = `${prefix}_${id}_${secret}`
  return head + checksumOf(head)
}

/** Whether a prefix can start a token's text. */
export function isPrefix(text: string): boolean {
  return /^[A-Za-z](?:[0-9A-Za-z_]{0,30}[0-9A-Za-z])?$/.test(text)
}

/** CRC-32 of an ASCII text in 6 base62 digits. It catches typing errors and lets scanners tell tokens from junk; it proves nothing. */
export function checksumOf(text: string): string {
  return base62(BigInt(crc32(text)), CHECKSUM_CHARS)
}

/** Gives `count` random bytes; the platform's by default. */
export type RandomBytes = (count: number) => Uint8Array

/** A new public id: 16 unbiased base62 digits. */
export function newTokenId(random: RandomBytes = randomBytes): string {
  let id = ''
  while (id.length < ID_CHARS) {
    for (const byte of random(24)) if (byte < 248 && id.length < ID_CHARS) id += DIGITS.charAt(byte % 62)
  }
  return id
}

/** A new secret: 256 unbiased bits as 43 base62 digits. */
export function newTokenSecret(random: RandomBytes = randomBytes): string {
  let bits = 0n
  for (const byte of random(32)) bits = (bits << 8n) | BigInt(byte)
  return base62(bits, SECRET_CHARS)
}

/** A new short code of `digits` unbiased decimal digits. */
export function newTokenCode(digits: number, random: RandomBytes = randomBytes): string {
  let code = ''
  while (code.length < digits) {
    for (const byte of random(16)) if (byte < 250 && code.length < digits) code += String(byte % 10)
  }
  return code
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1
  return rest >>> 0
})

function crc32(text: string): number {
  let rest = 0xffffffff
  for (let at = 0; at < text.length; at++) rest = (CRC_TABLE[(rest ^ text.charCodeAt(at)) & 0xff] ?? 0) ^ (rest >>> 8)
  return (rest ^ 0xffffffff) >>> 0
}

function base62(value: bigint, chars: number): string {
  let text = ''
  for (let rest = value; text.length < chars; rest /= 62n) text = DIGITS.charAt(Number(rest % 62n)) + text
  return text
}

function kindOf(prefix: string, prefixes: TokenPrefixes): TokenKind | undefined {
  if (prefix === '') return undefined
  if (prefix === prefixes.access) return 'access'
  if (prefix === prefixes.action) return 'action'
  return prefix === prefixes.validation ? 'validation' : undefined
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count))
}
