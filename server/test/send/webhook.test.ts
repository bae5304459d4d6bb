import { createServer, type Server } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { isPublicAddress } from '../../src/send/public-address.ts'
import { isSignedBy, newWebhookSecret, signatureHeaders } from '../../src/send/signature.ts'
import { checkWebhookUrl, createWebhook, type WebhookOptions } from '../../src/send/webhook.ts'
import { CERTIFICATE, KEY } from './certificate.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A receiver, and a sender for which the name has a public address that leads to it. */
async function receiver(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
  options: WebhookOptions = {},
) {
  const server = createServer({ cert: CERTIFICATE, key: KEY }, (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()))
    request.on('end', () => answer(request, response, body))
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const opened: string[] = []
  const send = createWebhook({
    resolve: async () => ['93.184.216.34'],
    open: (address) => {
      opened.push(address)
      return connect({ host: '127.0.0.1', port })
    },
    ca: CERTIFICATE,
    ...options,
  })
  return { send, opened }
}

const SECRET = newWebhookSecret()
const TARGET = { url: 'https://hooks.example.com/in?a=1', secret: SECRET }
const MESSAGE = { id: 'rsp_1', at: Date.UTC(2026, 10, 25, 12), body: '{"type":"finding.notice"}' }

describe('a webhook', () => {
  test('is signed so that the receiver knows who sent it, and goes to the address that was checked', async () => {
    let got: { headers: Record<string, string>; body: string; url: string | undefined } | undefined
    const { send, opened } = await receiver((request, response, body) => {
      got = { headers: request.headers as Record<string, string>, body, url: request.url }
      response.writeHead(204).end()
    })
    await send(TARGET, MESSAGE)
    expect(opened).toEqual(['93.184.216.34'])
    expect(got).toMatchObject({
      url: '/in?a=1',
      body: MESSAGE.body,
      headers: { host: 'hooks.example.com', 'webhook-id': 'rsp_1' },
    })
    expect(isSignedBy(SECRET, got!.headers, got!.body)).toBe(true)
    expect(isSignedBy(SECRET, got!.headers, `${got!.body} `)).toBe(false)
    expect(isSignedBy(newWebhookSecret(), got!.headers, got!.body)).toBe(false)
  })

  test('follows no redirect', async () => {
    let requests = 0
    const { send } = await receiver((_request, response) => {
      requests += 1
      response.writeHead(302, { location: 'https://hooks.example.com/other' }).end()
    })
    await expect(send(TARGET, MESSAGE)).rejects.toMatchObject({ code: 'webhook_failed', message: expect.stringContaining('302') })
    expect(requests).toBe(1)
  })

  test.each([500, 404, 199 + 101])('an answer of %i is no success', async (status) => {
    const { send } = await receiver((_request, response) => response.writeHead(status).end())
    await expect(send(TARGET, MESSAGE)).rejects.toMatchObject({ code: 'webhook_failed' })
  })

  test('an endless answer is cut off', async () => {
    const { send } = await receiver((_request, response) => {
      response.writeHead(200)
      const pour = () => {
        while (response.write(Buffer.alloc(65_536)));
        response.once('drain', pour)
      }
      pour()
    })
    await expect(send(TARGET, MESSAGE)).rejects.toMatchObject({
      code: 'webhook_failed',
      message: expect.stringContaining('64 KiB'),
    })
  })

  test('a receiver that says nothing is given up in time', async () => {
    const { send } = await receiver(() => undefined, { timeoutMs: 300 })
    await expect(send(TARGET, MESSAGE)).rejects.toMatchObject({ message: 'No answer within 300 ms.' })
  })

  test('a name that resolves to nothing in time is given up', async () => {
    const { send, opened } = await receiver(() => undefined, { timeoutMs: 100, resolve: () => new Promise(() => undefined) })
    await expect(send(TARGET, MESSAGE)).rejects.toMatchObject({ code: 'webhook_failed' })
    expect(opened).toEqual([])
  })

  test('a certificate of nobody is not believed', async () => {
    const { send } = await receiver((_request, response) => response.end(), { ca: undefined as never })
    await expect(send(TARGET, MESSAGE)).rejects.toMatchObject({ code: 'webhook_failed' })
  })

  test.each([
    ['127.0.0.1'],
    ['10.0.0.1'],
    ['192.168.1.1'],
    ['169.254.169.254'],
    ['100.100.100.200'],
    ['168.63.129.16'],
    ['0.0.0.0'],
    ['::1'],
    ['fe80::1'],
    ['fd00:ec2::254'],
    ['::ffff:169.254.169.254'],
    ['64:ff9b::a9fe:a9fe'],
    ['2002:7f00:1::'],
    ['224.0.0.1'],
    ['not an address'],
  ])('never connects to %s, not even as one of several', async (address) => {
    expect(isPublicAddress(address)).toBe(false)
    const { send, opened } = await receiver(() => undefined, { resolve: async () => ['93.184.216.34', address] })
    await expect(send(TARGET, MESSAGE)).rejects.toMatchObject({ code: 'webhook_failed' })
    expect(opened).toEqual([])
  })

  test('a name is resolved once: what it says later leads nowhere', async () => {
    let asked = 0
    const { send, opened } = await receiver((_request, response) => response.end(), {
      resolve: async () => (asked++ === 0 ? ['93.184.216.34'] : ['127.0.0.1']),
    })
    await send(TARGET, MESSAGE)
    expect([asked, opened]).toEqual([1, ['93.184.216.34']])
  })

  test.each([
    'http://hooks.example.com/',
    'https://user:word@hooks.example.com/',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'ftp://hooks.example.com',
    'nothing',
  ])('%s is no address for it', (url) => {
    expect(() => checkWebhookUrl(url)).toThrow(expect.objectContaining({ code: 'parameter_invalid' }))
  })

  test('the signature is that of Standard Webhooks', () => {
    const headers = signatureHeaders(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1614265330,
      '{"test": 2432232314}',
    )
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })
})
