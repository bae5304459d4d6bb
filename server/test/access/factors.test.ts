import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { codeOf, stepOf } from '../../src/access/totp.ts'
import { type Front, openFront, SYSTEM } from '../http/support.ts'
import { bySession, bytesOf, inject, type Signed, signIn } from './cast.ts'

let front: Front
beforeEach(async () => {
  front = await openFront()
})
afterEach(() => front.close())

const codeFor = (secret: string): string => codeOf(bytesOf(secret), stepOf(front.clock.now()))
const wrongFor = (secret: string): string => String((Number(codeFor(secret)) + 1) % 1_000_000).padStart(6, '0')

async function started(session: Signed): Promise<string> {
  const { status, body } = await bySession(front, session, 'POST', '/v1/second-factor', {})
  expect([status, body.uri]).toEqual([201, expect.stringContaining('otpauth://totp/Tokentrail')])
  return body.secret
}

async function prove(session: Signed, code: string): Promise<Signed> {
  const answer = await inject(front, session, 'POST', '/v1/second-factor/prove', { code })
  expect([answer.statusCode, answer.body]).toEqual([200, expect.any(String)])
  return { cookie: String(answer.headers['set-cookie']).split(';')[0] ?? '', csrf: answer.json().csrf }
}

const enforce = () =>
  front.records.act('setSeparation', {
    tenantNo: front.own.no,
    enforced: true,
    ground: 'test',
    at: front.clock.now(),
    actor: SYSTEM,
  })

describe('the second factor', () => {
  test('is needed by heavy roles once duties are kept apart, and asked again after five minutes', async () => {
    const { text } = await front.token({ role: 'admin', owner: 'alice' })
    const session = await signIn(front, text)
    const people = (with_: Signed) => bySession(front, with_, 'GET', '/v1/people')
    expect((await people(session)).status).toBe(200)
    await enforce()
    expect((await people(session)).body.code).toBe('factor_missing')
    const secret = await started(session)
    expect((await people(session)).body.code).toBe('factor_missing')
    const proven = await prove(session, codeFor(secret))
    expect((await people(proven)).status).toBe(200)
    const change = (with_: Signed) =>
      bySession(front, with_, 'POST', '/v1/separation', { separation: 'enforced', ground: 'again' })
    expect((await change(proven)).status).toBe(200)
    front.clock.move(5 * 60_000)
    expect([(await people(proven)).status, (await change(proven)).body.code]).toEqual([200, 'factor_missing'])
    expect((await change(await prove(proven, codeFor(secret)))).status).toBe(200)
  })

  test('proven, the session has a new id and the old one is over', async () => {
    const { text } = await front.token({ role: 'analyst', owner: 'carol' })
    const session = await signIn(front, text)
    const proven = await prove(session, codeFor(await started(session)))
    expect(proven.cookie).not.toBe(session.cookie)
    expect((await bySession(front, session, 'GET', '/v1/session')).status).toBe(401)
    const seen = await bySession(front, proven, 'GET', '/v1/session')
    expect(seen.body).toMatchObject({ secondFactor: true, provenAt: new Date(front.clock.now()).toISOString() })
  })

  test('takes each code once, and none after five failures until 15 minutes are over', async () => {
    const { text } = await front.token({ role: 'analyst', owner: 'carol' })
    const session = await signIn(front, text)
    const secret = await started(session)
    const proven = await prove(session, codeFor(secret))
    const attempt = (code: string) => bySession(front, proven, 'POST', '/v1/second-factor/prove', { code })
    expect((await attempt(codeFor(secret))).body.code).toBe('factor_wrong')
    front.clock.move(30_000)
    for (let i = 0; i < 3; i++) expect((await attempt(wrongFor(secret))).status).toBe(403)
    const locked = await attempt(wrongFor(secret))
    expect([locked.status, locked.headers['retry-after']]).toEqual([429, '900'])
    expect((await attempt(codeFor(secret))).status).toBe(429)
    front.clock.move(15 * 60_000)
    expect((await attempt(codeFor(secret))).status).toBe(200)
  })

  test('shown twice at once is taken once', async () => {
    const { text } = await front.token({ role: 'analyst', owner: 'carol' })
    const sessions = [await signIn(front, text), await signIn(front, text)]
    const secret = await started(sessions[0]!)
    const code = codeFor(secret)
    const both = await Promise.all(sessions.map((each) => bySession(front, each, 'POST', '/v1/second-factor/prove', { code })))
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 403]))
  })

  test('goes with a code of its own, or by an admin where it was lost', async () => {
    const { text } = await front.token({ role: 'analyst', owner: 'carol' })
    const session = await signIn(front, text)
    const secret = await started(session)
    const proven = await prove(session, codeFor(secret))
    const remove = (code: string) => bySession(front, proven, 'POST', '/v1/second-factor/remove', { code })
    expect((await remove(wrongFor(secret))).status).toBe(403)
    const admin = (await front.token({ role: 'admin', owner: 'alice' })).text
    const lost = await front.call(admin, 'POST', '/v1/people/second-factor/remove', { owner: 'carol' })
    expect([lost.status, (await bySession(front, proven, 'GET', '/v1/second-factor')).body.active]).toEqual([204, false])
    const changes = (await front.rows()).filter(({ type }) => type === 505).map(({ detail }) => JSON.parse(detail).secondFactor)
    expect(changes).toEqual(['enrolled', 'removed'])
  })

  test('without a session goes in a header, for five minutes and this address', async () => {
    const { text } = await front.token({ role: 'admin', owner: 'alice' })
    const session = await signIn(front, text)
    const secret = await started(session)
    await prove(session, codeFor(secret))
    await enforce()
    front.clock.move(60_000)
    const ask = (more = {}) => front.call(text, 'GET', '/v1/people', undefined, more)
    expect((await ask()).body.code).toBe('factor_missing')
    expect((await ask({ headers: { 'x-tokentrail-code': codeFor(secret) } })).status).toBe(200)
    expect((await ask()).status).toBe(200)
    expect((await ask({ remoteAddress: '192.0.2.9' })).body.code).toBe('factor_missing')
    front.clock.move(5 * 60_000)
    expect((await ask()).body.code).toBe('factor_missing')
  })

  test('is sealed at rest', async () => {
    const { text } = await front.token({ role: 'analyst', owner: 'carol' })
    const secret = await started(await signIn(front, text))
    const { no } = (await front.records.read.owner(front.own.no, 'carol'))!
    const kept = await front.records.read.secondFactor(no)
    expect(Buffer.from(kept!.secret).includes(Buffer.from(bytesOf(secret)))).toBe(false)
  })
})

describe('sessions', () => {
  test('are seen and ended by their people, and by admins', async () => {
    const carol = await front.token({ role: 'analyst', owner: 'carol' })
    const dave = await front.token({ role: 'analyst', owner: 'dave' })
    const [first, second, other] = [
      await signIn(front, carol.text),
      await signIn(front, carol.text),
      await signIn(front, dave.text),
    ]
    const list = async (session: Signed) => (await bySession(front, session, 'GET', '/v1/sessions')).body.items
    const own = (await list(first)) as { id: string; current: boolean; owner: string }[]
    expect(own.map(({ owner, current }) => `${owner} ${current}`).toSorted()).toEqual(['carol false', 'carol true'])
    const davids = (await list(other))[0].id
    expect((await bySession(front, first, 'DELETE', `/v1/sessions/${davids}`)).status).toBe(404)
    const elsewhere = own.find(({ current }) => !current)!.id
    expect((await bySession(front, first, 'DELETE', `/v1/sessions/${elsewhere}`)).status).toBe(204)
    expect((await bySession(front, second, 'GET', '/v1/session')).status).toBe(401)
    const admin = (await front.token({ role: 'admin', owner: 'alice' })).text
    const all = await front.call(admin, 'GET', '/v1/sessions?of=everybody')
    expect(all.body.items.map(({ owner }: { owner: string }) => owner).toSorted()).toEqual(['carol', 'dave'])
    expect((await front.call(admin, 'DELETE', `/v1/sessions/${davids}`)).status).toBe(204)
    expect((await bySession(front, other, 'GET', '/v1/session')).status).toBe(401)
    expect((await bySession(front, first, 'GET', '/v1/sessions?of=everybody')).status).toBe(403)
  })

  test('may prove the second factor while signing in', async () => {
    const { text } = await front.token({ role: 'analyst', owner: 'carol' })
    const session = await signIn(front, text)
    const secret = await started(session)
    await prove(session, codeFor(secret))
    front.clock.move(30_000)
    const again = await signIn(front, text, codeFor(secret))
    expect((await bySession(front, again, 'GET', '/v1/second-factor')).body.provenAt).toBe(
      new Date(front.clock.now()).toISOString(),
    )
  })
})
