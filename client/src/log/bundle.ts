import { malformed } from './bytes.ts'
import { TILE_WIDTH } from './tiles.ts'

export const ENTRY_BYTES_MAX = 0xffff

/** An entry bundle of c2sp.org/tlog-tiles: up to 256 entries, each after its length as a big-endian uint16. */
export function formatBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > TILE_WIDTH) throw new RangeError('bundle: expected at most 256 entries')
  const bundle = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0))
  let at = 0
  for (const entry of entries) {
    if (entry.length > ENTRY_BYTES_MAX) throw new RangeError('bundle: expected entries of at most 65,535 bytes')
    bundle[at] = entry.length >> 8
    bundle[at + 1] = entry.length & 0xff
    bundle.set(entry, at + 2)
    at += 2 + entry.length
  }
  return bundle
}

/** The entries of a bundle, their exact bytes. `count` names how many there must be; without it, all that stand there. */
export function parseBundle(bundle: Uint8Array, count?: number): Uint8Array[] {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bundle.length) {
    const end = at + 2 + (((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0))
    if (at + 2 > bundle.length || end > bundle.length) throw malformed('bundle', 'whole entries')
    entries.push(bundle.subarray(at + 2, end))
    at = end
  }
  if (entries.length > TILE_WIDTH) throw malformed('bundle', 'at most 256 entries')
  if (count !== undefined && entries.length !== count) throw malformed('bundle', `${String(count)} entries`)
  return entries
}
