import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { beginKekChange, endKekChange, openKeys } from '../../src/config/keys.ts'
import { createKeyEncryption } from '../../src/privacy/wrap.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tokentrail-kek-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const key = new Uint8Array(32).fill(3)

describe('the key-encryption key', () => {
  test('is changed without a moment in which something does not open', () => {
    const kek = createKeyEncryption(openKeys(folder).keks)
    const before = kek.wrap(key, 'p')
    beginKekChange(folder)
    const during = kek.wrap(key, 'p')
    for (const wrapped of [before, during]) expect(Buffer.from(kek.unwrap(wrapped, 'p'))).toEqual(Buffer.from(key))
    expect([before, during].map((wrapped) => kek.isNewest(wrapped))).toEqual([false, true])
    endKekChange(folder)
    const after = createKeyEncryption(openKeys(folder).keks)
    expect(Buffer.from(after.unwrap(during, 'p'))).toEqual(Buffer.from(key))
    expect(() => after.unwrap(before, 'p')).toThrow(/not a wrapped key/)
    expect(statSync(join(folder, 'kek')).mode & 0o777).toBe(0o600)
  })

  test('whose change was cut off is changed to the same successor', () => {
    openKeys(folder)
    beginKekChange(folder)
    const next = readFileSync(join(folder, 'kek.next'), 'utf8')
    beginKekChange(folder)
    expect(readFileSync(join(folder, 'kek.next'), 'utf8')).toBe(next)
    endKekChange(folder)
    expect(readFileSync(join(folder, 'kek'), 'utf8')).toBe(next)
  })

  test('that another server has changed already is left alone', () => {
    openKeys(folder)
    beginKekChange(folder)
    endKekChange(folder)
    const now = readFileSync(join(folder, 'kek'), 'utf8')
    endKekChange(folder)
    expect(readFileSync(join(folder, 'kek'), 'utf8')).toBe(now)
    expect(now.trim()).toMatch(/^[0-9a-f]{64}$/)
  })
})
