import { createHash, createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { folderOf, makePack, READER, TENANTS, zipOf, type MadePack } from '../../test/whole/made-pack.ts'
import { madeNote, madeTree } from '../../test/whole/made-log.ts'
import { openZip, PackBroken, readTrust, verifyPack, type CheckName, type PackFolder, type Verification } from '../src/verify/index.ts'
import type { LogCrypto } from '../src/log/index.ts'

const crypto: LogCrypto = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  verifyEd25519(publicKey, message, signature) {
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
    return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
  },
}
const RANGE: MadePack = { scope: 'range', first: 30, last: 130 }

async function verified(folder: PackFolder, o: { readonly keys?: string | null; readonly older?: readonly string[] } = {}): Promise<Verification> {
  const keys = o.keys === undefined ? READER : o.keys
  return verifyPack({
    folder,
    trust: keys === null ? undefined : readTrust(crypto, keys),
    older: o.older ?? [],
    crypto,
    sha256Stream() {
      const hash = createHash('sha256')
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
    },
    now: Date.parse('2026-12-01'),
  })
}

function states(found: Verification): Record<CheckName, string> {
  return Object.fromEntries(found.outcomes.map(({ check, state }) => [check, state])) as Record<CheckName, string>
}

const ALL_HOLD = {
  trust: 'holds',
  manifest: 'holds',
  checkpoint: 'holds',
  inclusion: 'holds',
  form: 'holds',
  completeness: 'holds',
  disclosure: 'holds',
  figures: 'holds',
}

describe('a pack', () => {
  test('of the whole range holds', async () => {
    const found = await verified(folderOf(await makePack(RANGE)))
    expect(states(found)).toEqual(ALL_HOLD)
    expect(found.isGood).toBe(true)
  })
})
