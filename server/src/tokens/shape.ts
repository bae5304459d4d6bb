import { parseToken, type TokenPrefixes, type TokenText, type TextReason } from 'tokentrail'

/**
 * What an unknown text looks like, in a few hundred labels at most: prefix known, length band, characters, checksum.
 * For example `known/33-64/base62/good`.
 */
export function shapeOf(
  text: string,
  prefixes: TokenPrefixes,
  read: TokenText | TextReason = parseToken(text, prefixes),
): string {
  const isKnown = Object.values(prefixes).some((prefix) => text.startsWith(`${prefix}_`))
  return `${isKnown ? 'known' : 'other'}/${bandOf(text.length)}/${charactersOf(text)}/${checksumOf(read)}`
}

const BANDS = [0, 16, 32, 64, 128, 256, 512, 1024, 4096]
const CHARACTERS: readonly (readonly [name: string, shape: RegExp])[] = [
  ['empty', /^$/],
  ['digits', /^[0-9]+$/],
  ['hex', /^[0-9a-f]+$/i],
  ['base62', /^[0-9A-Za-z_]+$/],
  ['base64url', /^[0-9A-Za-z_.=-]+$/],
  ['ascii', /^[\x21-\x7e]+$/],
]
/** Characters that are looked at. */
const LOOKED_AT_MAX = 4096

function bandOf(length: number): string {
  const index = BANDS.findIndex((band) => length <= band)
  if (index === 0) return '0'
  return index < 0 ? `>${BANDS.at(-1) ?? 0}` : `${(BANDS[index - 1] ?? 0) + 1}-${BANDS[index] ?? 0}`
}

function charactersOf(text: string): string {
  const start = text.slice(0, LOOKED_AT_MAX)
  return CHARACTERS.find(([, shape]) => shape.test(start))?.[0] ?? 'mixed'
}

function checksumOf(read: TokenText | TextReason): string {
  if (typeof read === 'string') return read === 'bad_checksum' ? 'bad' : 'none'
  return read.form === 'secret' ? 'good' : 'none'
}
