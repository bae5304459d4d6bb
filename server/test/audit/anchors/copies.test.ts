import { createServer } from 'node:https'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { openCheckpoint, parseKey } from 'tokentrail/log'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LOG_CRYPTO } from '../../../src/audit/crypto.ts'
import { isSignedBy, newWebhookSecret } from '../../../src/send/signature.ts'
import { createWebhook } from '../../../src/send/webhook.ts'
import { CERTIFICATE, KEY } from '../../send/certificate.ts'
import { openMailServer } from '../../send/mail-server.ts'
import { newPlace, openLog, type OpenLog, type Place } from '../support.ts'
import { anchored, listeningWitness, type Anchored } from './support.ts'

let place: Place
let log: OpenLog
const closing: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  place = newPlace()
  log = await openLog(place)
})

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  await log.close()
  place.remove()
})

async function start(...args: Parameters<typeof anchored>): Promise<Anchored> {
  const started = await anchored(...args)
  closing.push(() => started.anchors.close())
  return started
}

async function grow(count: number): Promise<number> {
  await log.issue(count)
  await log.audit.flush()
  return (await log.audit.state()).checkpoint?.size ?? 0
}

async function opened(note: string) {
  return openCheckpoint(LOG_CRYPTO, note, { logs: [parseKey(LOG_CRYPTO.sha256, (await log.audit.state()).vkey)] })
}

describe('a folder', () => {
  const anchor = () => ({ kind: 'file', name: 'disk', directory: join(place.folder, 'copies'), everyMs: 1 }) as const

  test('gets each checkpoint as a file that is never written over', async () => {
    const { anchors, alarms } = await start(log, [anchor()])
    const size = await grow(4)
    await vi.waitFor(() => expect(anchors.state()[0]?.held?.size).toBe(size))
    const { shard } = await log.audit.state()
    const names = readdirSync(join(place.folder, 'copies', shard)).toSorted()
    expect(names.at(-1)).toBe(`${String(size).padStart(16, '0')}.checkpoint`)
    for (const name of names) {
      expect((await opened(readFileSync(join(place.folder, 'copies', shard, name), 'utf8'))).size).toBe(
        BigInt(parseInt(name, 10)),
      )
    }
    expect(alarms).toEqual([])
  })

  test('with another checkpoint of the same size shows a second history', async () => {
    const { shard, origin } = await log.audit.state()
    const folder = join(place.folder, 'copies', shard)
    mkdirSync(folder, { recursive: true })
    for (let size = 0; size < 30; size++)
      writeFileSync(join(folder, `${String(size).padStart(16, '0')}.checkpoint`), `${origin}\n${String(size)}\nelse\n`)
    const { alarms } = await start(log, [anchor()])
    await grow(4)
    await vi.waitFor(() => expect(alarms).toMatchObject([{ check: 'fork', anchor: 'disk', shard }]))
  })

  test('that cannot be written says so and is tried again', async () => {
    writeFileSync(join(place.folder, 'copies'), 'a file in the way')
    chmodSync(join(place.folder, 'copies'), 0o400)
    const { anchors } = await start(log, [anchor()])
    await grow(1)
    await vi.waitFor(() =>
      expect(anchors.state()[0]).toMatchObject({
        held: null,
        failure: expect.stringMatching(/cannot be written \((ENOTDIR|EEXIST)\)/) as string,
      }),
    )
  })

  test('gets the cosignatures that are there by then', async () => {
    const witness = await listeningWitness(place.keys, log)
    closing.push(() => witness.close())
    const first = await start(log, [witness.anchor])
    const size = await grow(2)
    await vi.waitFor(() => expect(first.anchors.state()[0]?.held?.size).toBe(size))
    const { shard } = await log.audit.state()
    const note = (await log.records.read.cosignedFor(shard, size))?.note ?? ''
    expect(note).toContain(`— ${witness.key.name} `)
    expect((await opened(note)).size).toBe(BigInt(size))
  })
})

describe('a webhook', () => {
  test('gets a signed message with the note, at an address that need not be public', async () => {
    const secret = newWebhookSecret()
    const got: { headers: Record<string, string>; body: string }[] = []
    const server = createServer({ cert: CERTIFICATE, key: KEY }, (request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      request.on('end', () => {
        got.push({ headers: request.headers as Record<string, string>, body })
        response.writeHead(204).end()
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(async () => server.close())
    const url = `https://hooks.example.com:${String((server.address() as AddressInfo).port)}/log`
    const reach = { ca: CERTIFICATE, resolve: async () => ['127.0.0.1'] }
    const webhook = { kind: 'webhook', name: 'hook', url, secret, isPrivate: true, everyMs: 1 } as const
    const sendWebhook = { toPublic: createWebhook(reach), toAny: createWebhook({ ...reach, anyAddress: true }) }
    const { anchors } = await start(log, [webhook, { ...webhook, name: 'public', isPrivate: false }], { sendWebhook })
    const size = await grow(3)
    await vi.waitFor(() => expect(anchors.state()[0]?.held?.size).toBe(size))
    const last = got.at(-1)
    expect(isSignedBy(secret, last?.headers ?? {}, last?.body ?? '')).toBe(true)
    const { type, data } = JSON.parse(last?.body ?? '{}') as { type: string; data: { size: number; note: string } }
    expect([type, data.size, (await opened(data.note)).size]).toEqual(['audit.checkpoint', size, BigInt(size)])
    await vi.waitFor(() => expect(anchors.state()[1]?.failure).toMatch(/not on the public internet/))
  })
})

describe('readers of mail', () => {
  test('get the note as it is', async () => {
    const server = await openMailServer()
    closing.push(() => server.close())
    const mail = {
      kind: 'mail',
      name: 'board',
      smtp: server.url,
      from: 'log@example.com',
      to: ['ada@example.com'],
      allowPlain: true,
      everyMs: 1,
    } as const
    const { anchors } = await start(log, [mail])
    const size = await grow(3)
    await vi.waitFor(() => expect(anchors.state()[0]?.held?.size).toBe(size))
    expect(server.taken.at(-1)).toContain(`Subject: Checkpoint of ${(await log.audit.state()).origin}: ${String(size)} entries`)
    server.refuseNext('452 full')
    await grow(1)
    await vi.waitFor(() => expect(anchors.state()[0]?.held?.size).toBeGreaterThan(size))
  })
})
