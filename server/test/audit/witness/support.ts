import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { consistencyProof, createEdge, formatHashes, parseKey, rootOf, signCheckpoint } from 'tokentrail/log'
import type { HashOfNode, NoteKey, NoteSigner } from 'tokentrail/log'
import { LOG_CRYPTO, TREE } from '../../../src/audit/crypto.ts'
import { makeLogKey } from '../../../src/audit/keys.ts'
import { openWitnessMemory } from '../../../src/audit/witness/memory.ts'
import type { WitnessMemory } from '../../../src/audit/witness/memory.ts'
import { createWitness } from '../../../src/audit/witness/witness.ts'
import type { Witness } from '../../../src/audit/witness/witness.ts'
import type { Clock } from '../../../src/clock.ts'

/** A log of as many leaves as asked, with a key of its own. */
export interface LogAlone {
  readonly key: NoteKey
  readonly signer: NoteSigner
  root(size: number): Uint8Array
  note(size: number): Promise<string>
  /** The body of `add-checkpoint` from one size to another. */
  body(old: number, size: number): Promise<string>
}

export const ORIGIN = 'log.example/2026'
export const NOON = Date.UTC(2026, 10, 23, 12)

/** `kind` tells the leaves of two logs apart. */
export function newLog(folder: string, kind = 'a', origin = ORIGIN): LogAlone {
  const { signer } = makeLogKey(join(folder, `key-${kind}-${origin.replaceAll('/', '-')}`), origin)
  return logOver(signer, kind)
}

/** Another history under the same key. */
export function logOver(signer: NoteSigner, kind: string): LogAlone {
  const leaf = (index: number) => TREE.leaf(Buffer.from(`${kind} ${String(index)}`))
  const root = (size: number) =>
    rootOf(
      TREE,
      Array.from({ length: size }, (_, index) => leaf(index)),
    )
  const note = (size: number) => signCheckpoint({ origin: signer.key.name, size, root: root(size) }, signer)
  return {
    key: signer.key,
    signer,
    root,
    note,
    async body(old, size) {
      const proof = old > size ? [] : consistencyProof(TREE, old, size, nodesOver(size, leaf))
      return bodyOf(old, proof, await note(size))
    },
  }
}

export function bodyOf(old: number | string, proof: readonly Uint8Array[], note: string): string {
  return `${[`old ${String(old)}`, ...formatHashes(proof)].join('\n')}\n\n${note}`
}

function nodesOver(size: number, leaf: (index: number) => Uint8Array): HashOfNode {
  const nodes = new Map<string, Uint8Array>()
  const edge = createEdge(TREE)
  for (let index = 0; index < size; index++) {
    edge.append(leaf(index), ({ level, index: at }, hash) => nodes.set(`${String(level)}/${String(at)}`, hash))
  }
  return ({ level, index }) => nodes.get(`${String(level)}/${String(index)}`) ?? TREE.empty
}

export interface WitnessAlone {
  readonly witness: Witness
  readonly memory: WitnessMemory
  readonly key: NoteKey
  /** Sets the witness's clock. */
  at(ms: number): void
}

/** A witness over a memory in a file, with a clock that stands still. */
export function newWitness(folder: string, logs: readonly NoteKey[], name = 'witness.example/w1'): WitnessAlone {
  let now = NOON
  const clock: Clock = { now: () => now, ticks: () => 0 }
  const { signer, vkey } = makeLogKey(join(folder, name.replaceAll('/', '-')), name, 'cosignature')
  const memory = openWitnessMemory(join(folder, `${name.replaceAll('/', '-')}.sqlite`))
  return {
    witness: createWitness({ logs, signer, memory, clock }),
    memory,
    key: parseKey(LOG_CRYPTO.sha256, vkey),
    at: (ms) => (now = ms),
  }
}

/** A folder that goes with the tests. */
export function newFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'tokentrail-witness-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
