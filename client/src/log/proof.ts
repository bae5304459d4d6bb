import { HASH_BYTES } from '../merkle.ts'
import type { TreeSize } from '../merkle.ts'
import { fromBase64, malformed, parseDecimal, toBase64 } from './bytes.ts'

/** A proof that stands alone (c2sp.org/tlog-proof): index, inclusion proof and the checkpoint note it leads to. */
export interface LogProof {
  readonly index: bigint
  readonly hashes: readonly Uint8Array[]
  /** The whole note, verbatim. */
  readonly checkpoint: string
  /** What the application adds; nothing vouches for it. */
  readonly extra?: Uint8Array
}

export const PROOF_HASHES_MAX = 63
const HEAD = 'c2sp.org/tlog-proof@v1'

/** The text of a proof. */
export function formatProof(proof: {
  readonly index: TreeSize
  readonly hashes: readonly Uint8Array[]
  readonly checkpoint: string
  readonly extra?: Uint8Array
}): string {
  const extra = proof.extra ? [`extra ${toBase64(proof.extra)}`] : []
  return `${[HEAD, ...extra, `index ${String(proof.index)}`, ...formatHashes(proof.hashes)].join('\n')}\n\n${proof.checkpoint}`
}

/** Reads the text of a proof; what it claims is still to be verified. */
export function parseProof(text: string): LogProof {
  const split = text.indexOf('\n\n')
  const [head, second = '', ...rest] = text.slice(0, Math.max(split, 0)).split('\n')
  if (head !== HEAD) throw malformed('proof', `the first line ${HEAD}`)
  const extra = second.startsWith('extra ') ? fromBase64(second.slice(6), 'proof extra') : undefined
  const [index = '', ...hashes] = extra ? rest : [second, ...rest]
  if (!index.startsWith('index ')) throw malformed('proof', 'a line with the index')
  return {
    index: parseDecimal(index.slice(6), 'proof index'),
    hashes: parseHashes(hashes),
    checkpoint: text.slice(split + 2),
    ...(extra ? { extra } : {}),
  }
}

/** Hashes as lines of base64, for proofs and for requests to a witness. */
export function formatHashes(hashes: readonly Uint8Array[]): string[] {
  return hashes.map(toBase64)
}

/** Reads lines of base64 as hashes. */
export function parseHashes(lines: readonly string[]): Uint8Array[] {
  if (lines.length > PROOF_HASHES_MAX) throw malformed('proof', `at most ${String(PROOF_HASHES_MAX)} hashes`)
  return lines.map((line) => {
    const hash = fromBase64(line, 'proof')
    if (hash.length !== HASH_BYTES) throw malformed('proof', `hashes of ${String(HASH_BYTES)} bytes`)
    return hash
  })
}
