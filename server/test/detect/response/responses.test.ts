import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { TrailError } from '../../../src/errors.ts'
import type { WebhookMessage, WebhookTarget } from '../../../src/send/webhook.ts'
import { createMailer } from '../../../src/send/mail.ts'
import { type Front, openFront } from '../../http/support.ts'
import { type MailServer, openMailServer } from '../../send/mail-server.ts'
import { findingAbout, foundOf, numberOf } from './front.ts'

const HOUR = 3_600_000
const sent: { target: WebhookTarget; message: WebhookMessage }[] = []
let fails = 0
let front: Front
let mails: MailServer
let alice: string
let bob: string
let analyst: string

beforeAll(async () => {
  mails = await openMailServer()
  const server = { smtp: mails.url, from: 'tokentrail@example.com', allowPlain: true }
  front = await openFront({
    ship: true,
    mail: { send: createMailer(), server, link: 'https://trail.example.com' },
    send: async (target, message) => {
      if (fails-- > 0) throw new TrailError('webhook_failed', 'The receiver answered 500.')
      sent.push({ target, message })
    },
  })
  alice = (await front.token({ role: 'admin', owner: 'alice' })).text
  bob = (await front.token({ role: 'admin', owner: 'bob' })).text
  analyst = (await front.token({ role: 'analyst', owner: 'carol' })).text
})
afterAll(async () => {
  await front.close()
  await mails.close()
})
beforeEach(() => {
  sent.length = 0
  fails = 0
})

const propose = (who: string, body: object) => front.call(who, 'POST', '/v1/responses', { dryRun: false, ...body })
const validate = async (text: string) => (await front.call(alice, 'POST', '/v1/validate', { token: text })).body

describe('responses over HTTP', () => {
  test('are dry runs until the playbook lets a step go live', async () => {
    const { id } = await front.token()
    const finding = await findingAbout(front, id)
    const { status, body } = await front.call(alice, 'POST', '/v1/responses', { finding, step: 'suspend' })
    expect([status, body.state, body.dryRun]).toEqual([201, 'rehearsed', true])
    expect((await front.records.read.token(front.own.no, id))?.suspendedAt).toBeNull()
  })

  test('an admin suspends at once, sees what stops, and undoes it', async () => {
    const { id, text } = await front.token()
    const finding = await findingAbout(front, id)
    const { body } = await propose(alice, { finding, step: 'suspend' })
    expect(body).toMatchObject({ state: 'applied', tokens: [id], approvalsNeeded: 0, results: [{ token: id, did: 'changed' }] })
    expect(body.blastRadius).toMatchObject([{ token: id, owner: 'service' }])
    expect((await validate(text)).reason).toBe('suspended')
    expect((await front.call(alice, 'POST', `/v1/responses/${body.id}/undo`, {})).body.state).toBe('undone')
    expect((await validate(text)).verdict).toBe('accepted')
  })

  test("an analyst's proposal waits for somebody who may approve, and never for its proposer", async () => {
    const { id } = await front.token()
    const finding = await findingAbout(front, id)
    const { body } = await propose(analyst, { finding, step: 'suspend' })
    expect(body).toMatchObject({ state: 'proposed', approvalsNeeded: 1, approvals: 0 })
    expect((await front.call(analyst, 'POST', `/v1/responses/${body.id}/approve`, {})).status).toBe(403)
    expect((await front.call(bob, 'POST', `/v1/responses/${body.id}/approve`, {})).body.state).toBe('applied')
  })

  test('where the playbook wants a second person, an admin cannot approve the own proposal', async () => {
    await front.call(alice, 'PATCH', '/v1/playbook', { secondPerson: ['revoke'] })
    const { id } = await front.token()
    const finding = await findingAbout(front, id)
    const { body } = await propose(alice, { finding, step: 'revoke' })
    expect(body).toMatchObject({ state: 'proposed', because: ['the playbook wants a second person'] })
    expect((await front.call(alice, 'POST', `/v1/responses/${body.id}/approve`, {})).body.code).toBe('not_permitted')
    expect((await front.call(bob, 'POST', `/v1/responses/${body.id}/approve`, {})).body.state).toBe('applied')
    expect((await front.call(bob, 'POST', `/v1/responses/${body.id}/undo`, {})).body.code).toBe('response_state')
  })

  test('a throttle refuses as limit_response, and ends by itself', async () => {
    const { id, text } = await front.token()
    const finding = await findingAbout(front, id)
    const { body } = await propose(alice, {
      finding,
      step: 'throttle',
      rate: { count: 1, windowMs: 60_000 },
      until: front.clock.now() + HOUR,
    })
    expect(body.state).toBe('applied')
    expect([(await validate(text)).verdict, (await validate(text)).reason]).toEqual(['accepted', 'limit_response'])
    front.clock.move(HOUR)
    expect([(await validate(text)).verdict, (await validate(text)).verdict]).toEqual(['accepted', 'accepted'])
    expect((await front.call(alice, 'GET', `/v1/responses/${body.id}`)).body).toMatchObject({ state: 'applied', over: true })
  })

  test.each([
    ['throttle', 25],
    ['suspend', 73],
    ['suspend', -1],
  ])('a %s of %i hours is refused', async (step, hours) => {
    const { id } = await front.token()
    const finding = await findingAbout(front, id)
    const { body } = await propose(alice, { finding, step, until: front.clock.now() + hours * HOUR })
    expect(body).toMatchObject({ code: 'time_invalid', input: '/until' })
  })

  test('a stranger who only names a token cannot have it stopped', async () => {
    const { id } = await front.token()
    const finding = await findingAbout(front, id, { detector: 'known-id-guessing' })
    for (const tokens of [undefined, [id]]) {
      const { status, body } = await propose(alice, { finding, step: 'suspend', ...(tokens && { tokens }) })
      expect([status, body.code]).toEqual([409, 'response_refused'])
    }
  })

  test('a token that the finding does not rest on is refused', async () => {
    const [one, other] = [await front.token(), await front.token()]
    const finding = await findingAbout(front, one.id)
    expect((await propose(alice, { finding, step: 'revoke', tokens: [other.id] })).body.code).toBe('response_refused')
  })

  test('more than ten tokens at once take two people', async () => {
    const ids: string[] = []
    for (let i = 0; i < 11; i += 1) ids.push((await front.token()).id)
    const nos = await Promise.all(ids.map((id) => numberOf(front, id)))
    const touches = nos.map((no) => ({ kind: 'token', key: String(no) }) as const)
    const finding = await findingAbout(front, ids[0] ?? '', { touches })
    const { body } = await propose(alice, { finding, step: 'suspend', tokens: ids })
    expect(body).toMatchObject({ state: 'proposed', because: ['more than 10 tokens at once'] })
    expect(body.tokens).toHaveLength(11)
    await front.call(bob, 'POST', `/v1/responses/${body.id}/approve`, {})
    expect((await front.records.read.token(front.own.no, ids[10] ?? ''))?.suspendedAt).not.toBeNull()
  })

  test('a token that carries more than one percent of the traffic takes two people', async () => {
    const { id, text } = await front.token()
    for (let i = 0; i < 20; i += 1) await validate(text)
    await front.rows()
    const shareOf = async () => (await front.call(alice, 'GET', `/v1/tokens/${id}/blast-radius`)).body.share7d?.value
    await vi.waitFor(async () => expect(await shareOf()).toBeGreaterThan(0.01), { timeout: 15_000, interval: 200 })
    const finding = await findingAbout(front, id)
    const { body } = await propose(alice, { finding, step: 'suspend' })
    expect(body).toMatchObject({ state: 'proposed', approvalsNeeded: 1, because: [expect.stringContaining('1 %')] })
    expect(body.blastRadius[0]).toMatchObject({ token: id, share7d: expect.any(Number) })
  }, 30_000)

  test("another tenant's response is not there", async () => {
    const { id } = await front.token()
    const finding = await findingAbout(front, id)
    const { body } = await propose(analyst, { finding, step: 'suspend' })
    const stranger = (await front.token({ role: 'admin', tenant: front.other })).text
    for (const path of ['approve', 'decline', 'undo'])
      expect((await front.call(stranger, 'POST', `/v1/responses/${body.id}/${path}`, {})).status).toBe(404)
    expect((await front.call(stranger, 'GET', `/v1/responses/${body.id}`)).status).toBe(404)
    expect((await front.call(stranger, 'POST', '/v1/responses', { finding, step: 'notify' })).status).toBe(404)
  })
})

describe('what happens by itself', () => {
  test('nothing at first; allowed it is a dry run; live it suspends, once per finding', async () => {
    const { id } = await front.token()
    const found = foundOf(front, await numberOf(front, id))
    await front.desk.take([found])
    const responses = async () =>
      (await front.call(alice, 'GET', '/v1/responses?limit=500')).body.items.filter(
        (each: { tokens: string[] }) => each.tokens[0] === id,
      )
    await front.responder.consider([found])
    expect(await responses()).toEqual([])
    await front.call(alice, 'PATCH', '/v1/playbook', { suspend: ['guess-then-hit'], live: ['suspend', 'notify'] })
    await front.responder.consider([found])
    await front.responder.consider([found])
    expect(await responses()).toMatchObject([{ automatic: true, state: 'applied', step: 'suspend' }])
    expect((await front.records.read.token(front.own.no, id))?.suspendedAt).not.toBeNull()
  })

  test('what was found in history, suppressed, or of a token that was only named stops nothing', async () => {
    const { id } = await front.token()
    const no = await numberOf(front, id)
    const old = front.clock.now() - 2 * HOUR
    const history = foundOf(front, no, { from: old, to: old, detectedAt: old })
    const named = foundOf(front, no, { detector: 'known-id-guessing' })
    await front.desk.take([history, named])
    await front.responder.consider([history, named])
    expect((await front.records.read.token(front.own.no, id))?.suspendedAt).toBeNull()
  })

  test('a leaked token is stopped only where the leak is confirmed', async () => {
    await front.call(alice, 'PATCH', '/v1/playbook', { suspend: ['leaked-token'] })
    const { id } = await front.token()
    const found = foundOf(front, await numberOf(front, id), { detector: 'leaked-token' })
    await front.desk.take([found])
    const suspended = async () => (await front.records.read.token(front.own.no, id))?.suspendedAt
    const leak = (await front.call(analyst, 'POST', '/v1/leaks', { id, url: 'https://example.com/a' })).body.id
    await front.responder.consider([found])
    expect(await suspended()).toBeNull()
    await front.call(analyst, 'POST', `/v1/leaks/${leak}/judge`, { state: 'confirmed' })
    front.clock.move(25 * HOUR)
    const again = foundOf(front, await numberOf(front, id), { detector: 'leaked-token' })
    await front.desk.take([again])
    await front.responder.consider([again])
    expect(await suspended()).not.toBeNull()
  })

  test('a step that goes live is rehearsed, under the name of who let it', async () => {
    const rehearsal = (await front.call(alice, 'POST', '/v1/playbook/rehearse', { throttle: ['guess-then-hit'], suspend: [] }))
      .body
    expect(rehearsal.steps[0]).toMatchObject({ step: 'throttle', times: expect.any(Number) })
    expect(rehearsal.steps[0].times).toBeGreaterThan(0)
    const { body } = await front.call(bob, 'PATCH', '/v1/playbook', { live: ['throttle'], throttle: ['guess-then-hit'] })
    expect(body.playbook.wentLive).toMatchObject({ by: 'bob', rehearsal: { steps: [{ step: 'throttle' }, { step: 'suspend' }] } })
    expect((await front.call(alice, 'PATCH', '/v1/playbook', { suspend: ['volume-spike'] })).status).toBe(400)
  })
})

describe('telling somebody', () => {
  test('goes to the webhook, which is given its secret once', async () => {
    const { body } = await front.call(alice, 'PUT', '/v1/playbook/webhook', { url: 'https://hooks.example.com/in' })
    expect(body.secret).toMatch(/^whsec_/)
    const shown = await front.call(alice, 'GET', '/v1/playbook')
    expect(shown.body.webhook).toBe('https://hooks.example.com/in')
    expect(shown.text).not.toContain(body.secret)
    const kept = await front.records.read.setting(front.own.no, 'responses.webhook')
    expect(kept).not.toContain(body.secret.slice('whsec_'.length))
    const { id } = await front.token()
    const finding = await findingAbout(front, id)
    const done = (await propose(alice, { finding, step: 'notify' })).body
    expect(done.state).toBe('applied')
    expect(sent).toMatchObject([{ target: body, message: { id: done.id } }])
    expect(JSON.parse(sent[0]!.message.body)).toMatchObject({ type: 'finding.notice', data: { finding: { id: finding } } })
  })

  test('that fails says so, never success, and is tried again', async () => {
    fails = 1
    const { id } = await front.token()
    const finding = await findingAbout(front, id)
    const { body } = await propose(alice, { finding, step: 'notify' })
    expect(body).toMatchObject({ state: 'approved', tries: 1, failure: 'The receiver answered 500.', appliedAt: null })
    expect(body.nextTryAt).not.toBeNull()
    const due = await front.records.read.responsesDue(front.clock.now() + HOUR, 10)
    expect(due.map((each) => each.id)).toContain(body.id)
  })

  test('also goes by mail, without a name or a secret, and a refusal is tried again with the same id', async () => {
    const to = ['security@example.com', 'oncall@example.com']
    const set = await front.call(alice, 'PUT', '/v1/playbook/mail', { to })
    expect(set.body.mail).toEqual({ to, isConfigured: true })
    const { id } = await front.token()
    const finding = await findingAbout(front, id)
    mails.refuseNext('451 later')
    const { body } = await propose(alice, { finding, step: 'notify' })
    expect(body).toMatchObject({
      state: 'approved',
      tries: 1,
      failure: 'The mail server did not take the message (EMESSAGE 451).',
    })
    front.clock.move(HOUR)
    const own = () => mails.taken.filter((each) => each.includes(`Message-ID: <${body.id}@tokentrail.invalid>`))
    await vi.waitFor(() => expect(own()).toHaveLength(1), { timeout: 15_000 })
    // lines are wrapped as quoted-printable says (RFC 2045)
    const mail = own()[0]?.replaceAll('=\r\n', '')
    expect(mail).toContain('Subject: [Tokentrail] ')
    expect(mail).toContain(`https://trail.example.com/findings/${finding}`)
    expect(mail).not.toContain(id)
    expect((await front.call(alice, 'PUT', '/v1/playbook/mail', { to: ['not an address'] })).status).toBe(400)
    await front.call(alice, 'PUT', '/v1/playbook/mail', { to: [] })
  })

  test('an address inside is refused', async () => {
    const { body } = await front.call(alice, 'PUT', '/v1/playbook/webhook', { url: 'https://169.254.169.254/latest' })
    expect(body).toMatchObject({ code: 'parameter_invalid', input: '/webhook/url' })
  })
})
