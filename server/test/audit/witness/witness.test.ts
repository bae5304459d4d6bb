import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parseNote, parseSignatureLines, toBase64, verifyNote, withSignatures } from 'tokentrail/log'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LOG_CRYPTO, TREE } from '../../../src/audit/crypto.ts'
import { readWitnessConfig } from '../../../src/audit/witness/config.ts'
import { openWitnessMemory } from '../../../src/audit/witness/memory.ts'
import { createWitnessServer } from '../../../src/audit/witness/serve.ts'
import { createLog } from '../../../src/config/log.ts'
import { bodyOf, logOver, newFolder, newLog, newWitness, NOON, ORIGIN } from './support.ts'
import type { WitnessAlone } from './support.ts'

const HOUR = 3_600_000
const folder = newFolder()
afterAll(() => folder.remove())

const log = newLog(folder.path)
let no = 0

/** A witness of its own for each test. */
function fresh(): WitnessAlone {
  return newWitness(folder.path, [log.key], `witness.example/w${String(++no)}`)
}

/** What a witness stated: the time, once the signature is verified. */
async function statedAt({ key }: WitnessAlone, note: string, lines: string): Promise<number | undefined> {
  const cosigned = withSignatures(parseNote(note), parseSignatureLines(lines))
  return Number(verifyNote(LOG_CRYPTO, cosigned, [key])[0]?.time) * 1000
}

describe('add-checkpoint', () => {
  let one: WitnessAlone
  beforeEach(() => {
    one = fresh()
  })

  test('200: a first checkpoint, one that continues it, and the same again are cosigned', async () => {
    for (const [old, size] of [
      [0, 3],
      [3, 8],
      [8, 8],
    ] as const) {
      const { status, body } = await one.witness.addCheckpoint(await log.body(old, size))
      expect(status).toBe(200)
      expect(await statedAt(one, await log.note(size), body)).toBe(NOON)
    }
  })

  test('200: from nothing to nothing, and then to something', async () => {
    expect(await one.witness.addCheckpoint(await log.body(0, 0))).toMatchObject({ status: 200 })
    expect(await one.witness.addCheckpoint(await log.body(0, 5))).toMatchObject({ status: 200 })
  })

  test.each([
    ['nothing', ''],
    ['no empty line', 'old 0\n'],
    ['no old size', '\n\n'],
    ['an old size with a leading zero', 'old 00\n\n'],
    ['a negative old size', 'old -1\n\n'],
  ])('400: %s', async (_what, head) => {
    const body = head === '' ? '' : head + (await log.note(3))
    expect(await one.witness.addCheckpoint(body)).toMatchObject({ status: 400 })
  })

  test('400: 64 hashes, a hash of 31 bytes, a checkpoint that is none', async () => {
    const note = await log.note(3)
    expect(
      await one.witness.addCheckpoint(
        bodyOf(
          0,
          Array.from({ length: 64 }, () => TREE.empty),
          note,
        ),
      ),
    ).toMatchObject({ status: 400 })
    expect(await one.witness.addCheckpoint(bodyOf(0, [TREE.empty.subarray(1)], note))).toMatchObject({ status: 400 })
    expect(await one.witness.addCheckpoint(bodyOf(0, [], note.replace('\n3\n', '\nthree\n')))).toMatchObject({ status: 400 })
  })

  test('400: an old size beyond the checkpoint', async () => {
    await one.witness.addCheckpoint(await log.body(0, 5))
    expect(await one.witness.addCheckpoint(await log.body(5, 3))).toMatchObject({ status: 400 })
  })

  test('403: signed by nobody who is trusted, or signed wrongly', async () => {
    const stranger = newLog(folder.path, 'b')
    expect(await one.witness.addCheckpoint(await stranger.body(0, 3))).toMatchObject({ status: 403 })
    const body = (await log.body(0, 3)).replace(toBase64(log.root(3)), toBase64(log.root(4)))
    expect(await one.witness.addCheckpoint(body)).toMatchObject({ status: 403 })
    expect(one.memory.seen(ORIGIN)).toBeUndefined()
  })

  test('404: a log that is not known', async () => {
    expect(await one.witness.addCheckpoint(await newLog(folder.path, 'c', 'else.example').body(0, 3))).toMatchObject({
      status: 404,
    })
  })

  test('409: another old size than the one it holds, with that one', async () => {
    const conflict = { status: 409, type: 'text/x.tlog.size' }
    expect(await one.witness.addCheckpoint(await log.body(3, 5))).toEqual({ ...conflict, body: '0\n' })
    await one.witness.addCheckpoint(await log.body(0, 5))
    expect(await one.witness.addCheckpoint(await log.body(3, 8))).toEqual({ ...conflict, body: '5\n' })
    expect(await one.witness.addCheckpoint(await log.body(0, 8))).toEqual({ ...conflict, body: '5\n' })
  })

  test('409: the same size with another root, also from the same old size', async () => {
    const other = logOver(log.signer, 'another history')
    await one.witness.addCheckpoint(await log.body(0, 5))
    expect(await one.witness.addCheckpoint(await other.body(5, 5))).toEqual({
      status: 409,
      type: 'text/x.tlog.size',
      body: '5\n',
    })
    expect(await one.witness.addCheckpoint(await log.body(5, 8))).toMatchObject({ status: 200 })
  })

  test('422: a proof that does not verify, is too short, too long, or from nothing', async () => {
    const other = logOver(log.signer, 'another history')
    expect(await one.witness.addCheckpoint(bodyOf(0, [TREE.empty], await log.note(5)))).toMatchObject({ status: 422 })
    await one.witness.addCheckpoint(await log.body(0, 5))
    expect(await one.witness.addCheckpoint(await other.body(5, 8))).toMatchObject({ status: 422 })
    expect(await one.witness.addCheckpoint(bodyOf(5, [], await log.note(8)))).toMatchObject({ status: 422 })
    expect(await one.witness.addCheckpoint(bodyOf(5, [TREE.empty], await log.note(5)))).toMatchObject({ status: 422 })
    expect(one.memory.seen(ORIGIN)?.size).toBe(5n)
  })

  test('two logs that share an origin and a key are told apart: only the first goes on', async () => {
    const twin = logOver(log.signer, 'a copy of the machine')
    expect(await one.witness.addCheckpoint(await log.body(0, 4))).toMatchObject({ status: 200 })
    expect(await one.witness.addCheckpoint(await twin.body(0, 6))).toMatchObject({ status: 409 })
    expect(await one.witness.addCheckpoint(await twin.body(4, 6))).toMatchObject({ status: 422 })
    expect(await one.witness.addCheckpoint(await log.body(4, 6))).toMatchObject({ status: 200 })
  })

  test('of many at once from one size exactly one is taken', async () => {
    await one.witness.addCheckpoint(await log.body(0, 4))
    const bodies = await Promise.all(Array.from({ length: 20 }, (_, at) => log.body(4, 5 + at)))
    const answers = await Promise.all(bodies.map((body) => one.witness.addCheckpoint(body)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19)
    const taken = answers.findIndex(({ status }) => status === 200)
    expect(one.memory.seen(ORIGIN)?.size).toBe(BigInt(5 + taken))
  })

  test('a clock that was set back by two hours makes no statement look older than the one before', async () => {
    const first = await one.witness.addCheckpoint(await log.body(0, 3))
    one.at(NOON - 2 * HOUR)
    const second = await one.witness.addCheckpoint(await log.body(3, 5))
    expect(await statedAt(one, await log.note(3), first.body)).toBe(NOON)
    expect(await statedAt(one, await log.note(5), second.body)).toBe(NOON)
    one.at(NOON + HOUR)
    const third = await one.witness.addCheckpoint(await log.body(5, 5))
    expect(await statedAt(one, await log.note(5), third.body)).toBe(NOON + HOUR)
  })
})

describe('what it remembers', () => {
  test('stands in the file before the answer, and after a new start', async () => {
    const one = fresh()
    const { body } = await one.witness.addCheckpoint(await log.body(0, 6))
    const again = openWitnessMemory(join(folder.path, `witness.example-w${String(no)}.sqlite`))
    expect(again.seen(ORIGIN)).toMatchObject({ size: 6n, note: (await log.note(6)) + body })
    again.close()
  })

  test('is shared by two processes: the one that is behind answers 409', async () => {
    const one = fresh()
    const other = newWitness(folder.path, [log.key], `witness.example/w${String(no)}`)
    expect(await one.witness.addCheckpoint(await log.body(0, 6))).toMatchObject({ status: 200 })
    expect(await other.witness.addCheckpoint(await log.body(0, 9))).toMatchObject({ status: 409, body: '6\n' })
    expect(await other.witness.addCheckpoint(await log.body(6, 9))).toMatchObject({ status: 200 })
    expect(await one.witness.addCheckpoint(await log.body(6, 8))).toMatchObject({ status: 409, body: '9\n' })
  })

  test('shows only what a trusted key signed and this witness cosigned', async () => {
    const one = fresh()
    const note = await log.note(3)
    await one.witness.addCheckpoint(bodyOf(0, [], `${note}— stranger.example YWFhYWFhYWFhYWE=\n`))
    const digest = createHash('sha256').update(ORIGIN).digest('hex')
    const { status, body } = one.witness.latest(digest)
    expect(status).toBe(200)
    expect(parseNote(body).signatures.map(({ name }) => name)).toEqual([ORIGIN, one.key.name])
    expect(one.witness.latest('0'.repeat(64))).toMatchObject({ status: 404 })
    expect(fresh().witness.latest(digest)).toMatchObject({ status: 404 })
  })

  test('rolled back with its file, it would cosign a second history: the log sees that by its own memory', async () => {
    const one = fresh()
    const file = join(folder.path, `witness.example-w${String(no)}.sqlite`)
    await one.witness.addCheckpoint(await log.body(0, 4))
    one.memory.close()
    copyFileSync(file, `${file}.backup`)
    const later = newWitness(folder.path, [log.key], `witness.example/w${String(no)}`)
    await later.witness.addCheckpoint(await log.body(4, 9))
    later.memory.close()
    copyFileSync(`${file}.backup`, file)
    const back = newWitness(folder.path, [log.key], `witness.example/w${String(no)}`)
    expect(await back.witness.addCheckpoint(await log.body(9, 10))).toMatchObject({ status: 409, body: '4\n' })
    expect(await back.witness.addCheckpoint(await log.body(4, 10))).toMatchObject({ status: 200 })
    back.memory.close()
  })
})

describe('over HTTP', () => {
  const one = fresh()
  const server = createWitnessServer(one.witness, createLog('silent'))
  let url = ''
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  })
  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })

  test('a checkpoint goes in and comes out again with its cosignature', async () => {
    const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: await log.body(0, 3) })
    expect(answer.status).toBe(200)
    const lines = await answer.text()
    const digest = createHash('sha256').update(ORIGIN).digest('hex')
    expect(await (await fetch(`${url}/${digest}/checkpoint`)).text()).toBe((await log.note(3)) + lines)
    const conflict = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: await log.body(0, 5) })
    expect([conflict.status, conflict.headers.get('content-type'), await conflict.text()]).toEqual([
      409,
      'text/x.tlog.size',
      '3\n',
    ])
  })

  test.each([
    ['GET', '/add-checkpoint', 405],
    ['GET', '/', 404],
    ['GET', '/0123/checkpoint', 404],
    ['GET', `/${'0'.repeat(64)}/checkpoint`, 404],
    ['DELETE', `/${'0'.repeat(64)}/checkpoint`, 405],
    ['GET', '/../../etc/passwd', 404],
  ])('%s %s: %i', async (method, path, status) => {
    expect((await fetch(url + path, { method })).status).toBe(status)
  })

  test('a body beyond 128 KiB is refused, and one that never ends holds up nobody', async () => {
    expect((await fetch(`${url}/add-checkpoint`, { method: 'POST', body: 'x'.repeat(200_000) })).status).toBe(413)
    const { port } = server.address() as AddressInfo
    const slow = connect(port, '127.0.0.1')
    slow.write('POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 1000\r\n\r\nold')
    expect((await fetch(`${url}/add-checkpoint`, { method: 'POST', body: 'x' })).status).toBe(400)
    slow.destroy()
  })
})

describe('its configuration', () => {
  const file = join(folder.path, 'witness.json')
  const vkey = () =>
    `${log.key.name}+${log.key.id.toString(16).padStart(8, '0')}+${toBase64(Uint8Array.of(1, ...log.key.publicKey))}`

  function written(config: unknown): string {
    writeFileSync(file, JSON.stringify(config))
    return file
  }

  test('names it and the logs it watches', () => {
    expect(readWitnessConfig(written({ name: 'witness.example/w1', logs: [vkey()] }))).toEqual({
      name: 'witness.example/w1',
      logs: [log.key],
    })
  })

  test.each([
    ['two logs with one origin', () => ({ name: 'w', logs: [vkey(), vkey()] })],
    ['no log', () => ({ name: 'w', logs: [] })],
    ['a name with a space', () => ({ name: 'w 1', logs: [vkey()] })],
    ['a key that is none', () => ({ name: 'w', logs: ['log.example+00000000+AA=='] })],
    ['a member it does not know', () => ({ name: 'w', logs: [vkey()], port: 1 })],
  ])('with %s is refused', (_what, config) => {
    expect(() => readWitnessConfig(written(config()))).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  })

  test('its key file is for its owner alone', () => {
    const name = `witness.example/w${String(no)}`
    expect(statSync(join(folder.path, name.replaceAll('/', '-'))).mode & 0o777).toBe(0o600)
  })
})
