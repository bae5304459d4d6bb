import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, openFront } from '../http/support.ts'

let front: Front
let admin: string
let port: number
beforeAll(async () => {
  front = await openFront()
  admin = (await front.token({ role: 'admin' })).text
  await front.app.listen({ host: '127.0.0.1', port: 0 })
  const address = front.app.server.address()
  port = typeof address === 'object' && address ? address.port : 0
})
afterAll(() => front.close())

/** What comes back for bytes as they are. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let heard = ''
    socket.setTimeout(2000, () => socket.destroy())
    socket.on('data', (chunk) => void (heard += chunk.toString('latin1')))
    socket.on('close', () => resolve(heard))
    socket.on('error', reject)
  })
}

const HEAD = 'POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
const SMUGGLED = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'

test('bytes that are a request are answered', async () => {
  expect(await raw('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 200/)
})

describe('a request whose length can be read in two ways', () => {
  test.each([
    ['two lengths', `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ['a length and chunks', `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a length that is no number', `${HEAD}Content-Length: +2\r\n\r\n{}`],
    ['chunks under two names', `${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a space before the colon', `${HEAD}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a folded header', `${HEAD}X-One: a\r\n b: c\r\nContent-Length: 2\r\n\r\n{}`],
    ['a chunk size that overflows', `${HEAD}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`],
    ['a bare line feed', `POST /v1/validate HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n0\n\n${SMUGGLED}`],
  ])('%s: gets one answer at most, and it is no success', async (_name, bytes) => {
    const answers = [...(await raw(bytes)).matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
    expect(answers.length).toBeLessThanOrEqual(1)
    for (const status of answers) expect(status).toBeGreaterThanOrEqual(400)
  })
})

test('a parameter that stands twice is refused', async () => {
  for (const url of ['/v1/tokens?limit=1&limit=2', '/v1/events?service=a&service=b', '/v1/findings?state=open&state=closed']) {
    expect([url, (await front.call(admin, 'GET', url)).status]).toEqual([url, 400])
  }
})

test('plain http is answered as it is: no redirect tells a token to another address', async () => {
  const answers = await raw(
    `GET /v1/tokens HTTP/1.1\r\nHost: example.com\r\nX-Forwarded-Proto: http\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n`,
  )
  expect(answers).toMatch(/^HTTP\/1\.1 401/)
  expect(answers.toLowerCase()).not.toContain('\r\nlocation:')
})
