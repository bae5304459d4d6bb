import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { LiveMessage, LiveMessages } from '../../src/live/messages.ts'
import type { Role } from '../../src/records/records.ts'
import { type Front, openFront } from './support.ts'

let front: Front
let admin: { text: string; id: string }
beforeAll(async () => {
  front = await openFront({ access: { limits: { streamsPerPrincipal: 2 } } })
  admin = await front.token({ role: 'admin' })
})
afterAll(() => front.close())

interface Stream {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: () => string
  of<Name extends LiveMessage['name']>(name: Name): LiveMessages[Name][]
  readonly ended: Promise<void>
  close(): void
}

async function listen(token: string, headers: Record<string, string> = {}): Promise<Stream> {
  const answer = await front.app.inject({
    method: 'GET',
    url: '/v1/live',
    headers: { authorization: `Bearer ${token}`, ...headers },
    payloadAsStream: true,
  })
  const stream = answer.stream()
  let text = ''
  stream.on('data', (chunk: Buffer) => void (text += chunk.toString()))
  const ended = new Promise<void>((resolve) => void stream.once('end', resolve).once('close', resolve))
  const of = <Name extends LiveMessage['name']>(name: Name): LiveMessages[Name][] =>
    [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)]
      .filter((match) => match[1] === name)
      .map((match) => JSON.parse(match[2] ?? '') as LiveMessages[Name])
  return { status: answer.statusCode, headers: answer.headers, text: () => text, of, ended, close: () => void stream.destroy() }
}

async function listener(role: Role = 'analyst'): Promise<Stream & { readonly id: string }> {
  const { text, id } = await front.token({ role, owner: `listener ${Math.random()}` })
  return { ...(await listen(text)), id }
}

const validate = (token: string) => front.call(admin.text, 'POST', '/v1/validate', { token, service: 'shop' })

describe('the live stream', () => {
  test('shows a validation with its exact counts and the event', async () => {
    const stream = await listener()
    expect(stream.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    const { text, id } = await front.token({ owner: 'buyer' })
    for (let i = 0; i < 3; i++) await validate(text)
    await validate('junk')
    await vi.waitFor(() => {
      const shop = stream.of('event').filter(({ service }) => service === 'shop')
      expect(
        shop.filter(({ token, outcome }) => token?.id === id && /^owner-[1-9]/.test(token.owner) && outcome === 'accepted'),
      ).toHaveLength(3)
      expect(
        shop.some(
          ({ reason, outcome, fingerprint }) => reason === 'malformed' && outcome === 'rejected' && fingerprint !== undefined,
        ),
      ).toBe(true)
    }, 5000)
    const counts = stream.of('counts').flatMap(({ seconds }) => seconds)
    expect(counts.reduce((sum, { invalid }) => sum + invalid, 0)).toBe(1)
    expect(stream.of('watermark').at(-1)?.now).toBe(front.clock.now())
    expect(stream.text()).not.toContain(text)
    stream.close()
  })

  test('counts every decision of a burst and samples its events', async () => {
    const stream = await listener()
    const { text } = await front.token({ owner: 'bursty' })
    const items = Array.from({ length: 400 }, () => ({ token: text, service: 'burst' }))
    await front.call(admin.text, 'POST', '/v1/validate', { items })
    await vi.waitFor(() => {
      const accepted = stream
        .of('counts')
        .flatMap(({ seconds }) => seconds)
        .reduce((sum, second) => sum + second.accepted, 0)
      expect(accepted).toBeGreaterThanOrEqual(400)
    }, 5000)
    expect(stream.of('event').filter(({ service }) => service === 'burst').length).toBeLessThan(400)
    stream.close()
  })

  test('is closed to viewers, for counts by the second are of few owners', async () => {
    const { text } = await front.token({ role: 'viewer' })
    const answer = await front.call(text, 'GET', '/v1/live')
    expect([answer.status, answer.body.code]).toEqual([403, 'not_permitted'])
  })

  test('shows nothing of another tenant to anybody', async () => {
    const own = await listener()
    const stranger = await listen((await front.token({ role: 'admin', tenant: front.other })).text)
    await validate((await front.token()).text)
    await vi.waitFor(() => expect(own.of('counts').length).toBeGreaterThan(0), 5000)
    expect([...stranger.of('counts'), ...stranger.of('event')].filter((each) => JSON.stringify(each).includes('shop'))).toEqual(
      [],
    )
    own.close()
    stranger.close()
  })

  test('ends when the token behind it does', async () => {
    const stream = await listener()
    await front.call(admin.text, 'POST', `/v1/tokens/${stream.id}/revoke`)
    await stream.ended
    expect(stream.of('notice').at(-1)?.code).toBe('signed_out')
  })

  test('is bounded per principal, and a place that was left is free again', async () => {
    const { text } = await front.token({ role: 'analyst', owner: 'many tabs' })
    const url = await front.app.listen({ port: 0, host: '127.0.0.1' })
    const open = () => {
      const leaving = new AbortController()
      return {
        leaving,
        answer: fetch(`${url}/v1/live`, { headers: { authorization: `Bearer ${text}` }, signal: leaving.signal }),
      }
    }
    const [first, second] = [open(), open()]
    expect([(await first.answer).status, (await second.answer).status]).toEqual([200, 200])
    const refused = await open().answer
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([429, 'rate_limited'])
    first.leaving.abort()
    const again = await vi.waitFor(async () => {
      const third = open()
      expect((await third.answer).status).toBe(200)
      return third
    }, 5000)
    second.leaving.abort()
    again.leaving.abort()
  })

  test('is for our own page only', async () => {
    const stream = await listen(admin.text, { origin: 'http://evil.example', host: 'localhost' })
    expect(stream.status).toBe(403)
  })

  test('ends with a notice when the server stops, and new requests are told so', async () => {
    const stopping = await openFront()
    const { text } = await stopping.token({ role: 'admin' })
    const answer = await stopping.app.inject({
      method: 'GET',
      url: '/v1/live',
      headers: { authorization: `Bearer ${text}` },
      payloadAsStream: true,
    })
    let seen = ''
    const stream = answer.stream().on('data', (chunk: Buffer) => void (seen += chunk.toString()))
    const ended = new Promise((resolve) => void stream.once('end', resolve))
    await stopping.close()
    await ended
    expect(seen).toContain('event: notice\ndata: {"code":"stopping"')
  })
})
