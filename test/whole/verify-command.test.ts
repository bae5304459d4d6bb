import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { madeNote, madeSigner, makeLog, ORIGIN } from './made-log.ts'
import { LOG_KEY, makePack, READER, zipOf } from './made-pack.ts'
import { runCommand, temporaryFolder } from './running-server.ts'

const folder = temporaryFolder()
const at = (name: string): string => join(folder.path, name)
afterAll(() => folder.remove())

beforeAll(async () => {
  const files = await makePack({ scope: 'range', first: 30, last: 130 })
  writeFileSync(at('pack.zip'), await zipOf(files))
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(at('pack'), name)), { recursive: true })
    writeFileSync(join(at('pack'), name), bytes)
  }
  writeFileSync(at('reader'), READER)
  await makeLog(at('log'), 700)
  writeFileSync(at('newer'), await madeNote({ size: 701, root: new Uint8Array(32) }))
})

const verify = (...args: string[]) => runCommand(['verify', ...args], {})

describe('tokentrail verify', () => {
  test.each(['pack.zip', 'pack'])('%s holds under the keys that the reader brings', async (name) => {
    const { exitCode, stdout } = await verify(at(name), '--policy', at('reader'))
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/✓ inclusion[^]*It holds\.\nTokentrail proves what was recorded/)
  })

  test('without keys it prints those of the pack, and ends with 6', async () => {
    const { exitCode, stdout } = await verify(at('pack.zip'))
    expect(exitCode).toBe(6)
    expect(stdout).toContain(LOG_KEY.vkey)
    expect(stdout).toMatch(/Fingerprint: (?:[0-9a-f]{4} ){15}[0-9a-f]{4}/)
  })

  test('a changed byte ends with 6 and names file and entry', async () => {
    const zip = readFileSync(at('pack.zip'))
    zip.write('E', zip.indexOf('"event":"evt_1_44"') + 12)
    writeFileSync(at('changed.zip'), zip)
    const { exitCode, stdout } = await verify(at('changed.zip'), '--policy', at('reader'), '--json')
    const { isGood, outcomes, sentence } = JSON.parse(stdout)
    expect([exitCode, isGood]).toEqual([6, false])
    expect(outcomes).toContainEqual(
      expect.objectContaining({ check: 'inclusion', state: 'fails', first: { file: 'entries.ndjson', index: 44 } }),
    )
    expect(sentence).toContain('cannot prove')
  })

  test('a log is verified where it lies, against checkpoints that were kept', async () => {
    const key = madeSigner(ORIGIN).vkey
    expect((await verify(at('log'), '--key', key)).exitCode).toBe(0)
    const { exitCode, stdout } = await verify(at('log'), '--key', key, '--older', at('newer'), '--threads', '1')
    expect([exitCode, stdout]).toEqual([
      6,
      expect.stringMatching(/rolled back: your checkpoint knows 701 entries[^]*first wrong: file checkpoint, entry 700/),
    ])
    expect((await verify(at('log'), '--key', key, '--witness', madeSigner('w', 'cosignature').vkey)).exitCode).toBe(6)
  })

  test('a slip in what is asked ends with 2 and says what to do', async () => {
    for (const args of [
      [],
      [at('nowhere'), '--key', LOG_KEY.vkey],
      [at('log'), '--key', 'no key'],
      [at('log'), '--policy', at('nowhere')],
      [at('log'), '--key', LOG_KEY.vkey, '--threads', '0'],
    ])
      expect([args, (await verify(...args)).exitCode]).toEqual([args, 2])
  })

  test('the page is handed out with its digest', async () => {
    const { exitCode, stdout } = await verify('--page', at('page.html'))
    const digest = createHash('sha256')
      .update(readFileSync(at('page.html')))
      .digest('hex')
    expect([exitCode, stdout]).toEqual([0, `${digest}  ${at('page.html')}\n`])
    expect((await verify('--page-digest')).stdout).toBe(`${digest}\n`)
  })
})
