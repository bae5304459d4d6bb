import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Found } from '../../src/detect/finding.ts'
import { found } from '../detect/desk/found.ts'
import { type Front, NOON, openFront } from './support.ts'

let front: Front
let admin: string
let analyst: string
let auditor: string
let viewer: string
let bot: { text: string; id: string; no: number }
const DAY = 86_400_000
const NO_LIMITS = { requestsPerPrincipal: 1e9, requestsPerTenant: 1e9, costPerPrincipal: 1e9, costPerTenant: 1e9 }

beforeAll(async () => {
  front = await openFront({ ship: true, access: { limits: NO_LIMITS } })
  const textOf = async (role: 'admin' | 'analyst' | 'auditor' | 'viewer') => (await front.token({ role })).text
  ;[admin, analyst, auditor, viewer] = await Promise.all([
    textOf('admin'),
    textOf('analyst'),
    textOf('auditor'),
    textOf('viewer'),
  ])
  const token = await front.token({ owner: 'bot' })
  bot = { ...token, no: (await front.records.read.token(front.own.no, token.id))!.no }
})
afterAll(() => front.close())

function seen(differs: Partial<Found> = {}): Found {
  const base = found()
  return found({
    tenant: front.own.no,
    detectedAt: NOON,
    subject: { kind: 'token', key: String(bot.no) },
    facts: { ...base.facts, token: { as: 'token', value: bot.no } },
    ...differs,
  })
}

/** Takes one and gives its id. */
async function take(differs: Partial<Found>): Promise<string> {
  const one = seen(differs)
  await front.desk.take([one])
  const [kept] = await front.records.read.findings(
    { tenantNo: one.tenant, detector: one.detector, touches: one.subject },
    { limit: 1 },
  )
  return kept!.id
}

let subjects = 0
const fresh = () => ({ kind: 'source', key: `f${(subjects += 1).toString(16)}` }) as const
const get = (url: string, as = analyst) => front.call(as, 'GET', url)
const post = (url: string, body: unknown, as = analyst) => front.call(as, 'POST', url, body)

describe('findings over HTTP', () => {
  test('one finding says what happened, and leads to its incident and its token', async () => {
    const id = await take({})
    const { status, body } = await get(`/v1/findings/${id}?zone=Asia/Tokyo`)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      id,
      sentence: `Token ${bot.id} came from 12 networks in 1 d; the most before was 2.`,
      severity: 'high',
      state: 'open',
      detectedAt: '2026-11-25T12:00:00.000Z',
      subject: { kind: 'token', name: bot.id },
      life: { token: { id: bot.id, owner: expect.stringMatching(/^owner-[1-9]/) } },
      unless: ['the token had used as many before'],
      techniques: ['T1550.001'],
    })
    const incident = await get(`/v1/incidents/${body.incidentId}`)
    expect(incident.body).toMatchObject({ id: body.incidentId, state: 'open', severity: 'high', findings: [{ id }] })
    expect((await get(`/v1/findings?incident=${body.incidentId}`)).body.items).toMatchObject([{ id }])
    expect((await get(`/v1/findings?token=${bot.id}`)).body.items).toMatchObject([{ id }])
  })

  test('a list pages by cursor under a filter, without gap or repeat', async () => {
    const subject = fresh()
    const detectors = ['replay', 'new-network', 'many-tokens', 'new-client', 'rare-scope', 'guessing', 'code-guessing'] as const
    for (const detector of detectors) await take({ detector, subject, detectedAt: NOON + 5 * DAY })
    const ids: string[] = []
    let next: string | undefined
    do {
      const page = await get(`/v1/findings?from=${NOON + 5 * DAY}&limit=3${next ? `&cursor=${next}` : ''}`)
      ids.push(...page.body.items.map(({ id }: { id: string }) => id))
      next = page.body.next
    } while (next)
    expect(new Set(ids).size).toBe(detectors.length)
    expect(ids).toHaveLength(detectors.length)
    expect((await get('/v1/incidents?limit=1')).body).toMatchObject({ items: [{ findingsCount: 7 }], next: expect.any(String) })
  })

  test.each([
    ['/v1/findings?cursor=eyJ4Ijo', 'cursor_invalid', 'cursor'],
    ['/v1/findings?severity=grave', 'parameter_invalid', 'severity'],
    ['/v1/findings?detector=nobody', 'parameter_invalid', 'detector'],
    ['/v1/findings?zone=Mars/Olympus', 'parameter_invalid', 'zone'],
    ['/v1/findings?since=1', 'parameter_invalid', 'since'],
    ['/v1/findings?from=yesterday', 'time_invalid', 'from'],
    ['/v1/findings?token=stranger', 'not_found', 'token'],
    ['/v1/findings/fnd_0', 'not_found', 'id'],
    ['/v1/incidents/inc_0', 'not_found', 'id'],
    ['/v1/tokens/stranger/blast-radius', 'not_found', 'id'],
  ])('%s is refused', async (url, code, input) => {
    const { status, body } = await get(url)
    expect([status, body.code, body.input]).toEqual([code === 'not_found' ? 404 : 400, code, input])
  })

  test('a viewer sees neither a finding nor counts of them, which are of small groups', async () => {
    await take({ subject: fresh() })
    for (const url of ['/v1/findings', '/v1/incidents', '/v1/marks', '/v1/suppressions'])
      expect([url, (await get(url, viewer)).status]).toEqual([url, 403])
    expect((await get('/v1/findings/counts', viewer)).body).toMatchObject({ status: 403, code: 'figure_withheld' })
    expect((await get('/v1/detectors', viewer)).body.items).toContainEqual(
      expect.objectContaining({ name: 'replay', exact: true, techniques: ['T1550.001'], version: 1 }),
    )
  })

  test('another tenant’s admin finds nothing of it', async () => {
    const id = await take({ subject: fresh() })
    const stranger = (await front.token({ role: 'admin', tenant: front.other })).text
    expect((await get('/v1/findings', stranger)).body.items).toEqual([])
    expect((await get('/v1/incidents', stranger)).body.items).toEqual([])
    expect((await get(`/v1/findings/${id}`, stranger)).status).toBe(404)
    expect((await post(`/v1/findings/${id}/triage`, { state: 'acknowledged' }, stranger)).status).toBe(404)
    expect((await post(`/v1/findings/${id}/suppress`, { reason: 'x', until: NOON + DAY }, stranger)).status).toBe(404)
  })
})

describe('judging', () => {
  test('a finding is acknowledged, closed with a verdict, and its incident with it', async () => {
    const id = await take({ subject: fresh() })
    const triage = (body: unknown, as?: string) => post(`/v1/findings/${id}/triage`, body, as)
    expect((await triage({ state: 'acknowledged', assignee: 'erin' })).body).toMatchObject({
      state: 'acknowledged',
      assignee: 'erin',
    })
    const refused = await triage({ state: 'closed' })
    expect([refused.status, refused.body.code, refused.body.input]).toEqual([400, 'parameter_invalid', '/verdict'])
    expect((await triage({ state: 'closed', verdict: 'benign', note: 'known' })).body).toMatchObject({
      state: 'closed',
      verdict: 'benign',
    })
    const { incidentId } = (await get(`/v1/findings/${id}`)).body
    expect((await get(`/v1/incidents/${incidentId}`)).body.state).toBe('closed')
    expect((await triage({ state: 'open' }, auditor)).status).toBe(403)
    expect((await get('/v1/findings/precision')).body.all.verdicts.benign).toBe(1)
  })

  test('a suppression covers what comes after it, until it is ended', async () => {
    const subject = fresh()
    const id = await take({ subject })
    const wish = { reason: 'a roaming team', until: new Date(NOON + 30 * DAY).toISOString(), fact: 'networks' }
    const { status, body } = await post(`/v1/findings/${id}/suppress`, wish)
    expect([status, body.finding.state, body.suppression.state]).toEqual([201, 'suppressed', 'active'])
    await take({ subject, detectedAt: NOON + 2 * DAY })
    const listed = (await get('/v1/suppressions')).body.items.find((each: { id: string }) => each.id === body.suppression.id)
    expect(listed).toMatchObject({ hits: 1, value: 'networks=number:12', subject })
    expect((await get(`/v1/findings?state=suppressed&from=${NOON + 2 * DAY}&to=${NOON + 2 * DAY + 1}`)).body.items).toHaveLength(
      1,
    )
    const end = () => front.call(analyst, 'DELETE', `/v1/suppressions/${body.suppression.id}`)
    expect([(await end()).status, (await end()).status]).toEqual([204, 404])
    await front.rows()
    expect((await front.rows()).filter(({ type }) => type === 304)).toHaveLength(1)
  })

  test('for an exact critical detector a second person agrees first', async () => {
    const id = await take({ subject: fresh(), detector: 'canary', severity: 'critical' })
    const { body } = await post(`/v1/findings/${id}/suppress`, { reason: 'test window', until: NOON + DAY })
    expect([body.finding.state, body.suppression.state]).toEqual(['open', 'waits for approval'])
    const approve = (as: string) => post(`/v1/suppressions/${body.suppression.id}/approve`, {}, as)
    expect([(await approve(analyst)).status, (await approve(admin)).status]).toEqual([403, 200])
    expect((await get(`/v1/findings/${id}`)).body.state).toBe('suppressed')
  })

  test('a mark is set, listed and shown on findings of its time', async () => {
    const body = { kind: 'deploy', name: 'shop 2.4', from: NOON + 8 * DAY - 60_000, to: NOON + 8 * DAY }
    expect(await post('/v1/marks', body)).toMatchObject({ status: 201, body: { kind: 'deploy', service: null } })
    const id = await take({ subject: fresh(), detectedAt: NOON + 8 * DAY })
    expect((await get(`/v1/findings/${id}`)).body.marks).toMatchObject([{ name: 'shop 2.4' }])
    expect((await get(`/v1/marks?from=${NOON + 8 * DAY}&to=${NOON + 9 * DAY}`)).body.items).toHaveLength(1)
    const endless = await post('/v1/marks', { kind: 'holiday', name: 'x', from: NOON, to: NOON + 32 * DAY })
    expect([endless.status, endless.body.code, endless.body.input]).toEqual([400, 'time_invalid', '/to'])
  })
})

test('attempts that findings cite are suspicious, each counted once, and what it would stop is told', async () => {
  const items = Array.from({ length: 5 }, () => ({ token: bot.text, service: 'shop', ip: '192.0.2.9' }))
  await post('/v1/validate', { items }, admin)
  await front.rows()
  await front.journal.shipped(20_000)
  front.clock.move(60_000)
  const events = (await get(`/v1/events?token=${bot.id}&type=token.validated`)).body.rows.map(({ id }: { id: string }) => id)
  expect(events).toHaveLength(5)
  const cite = (detector: Found['detector'], evidence: string[], differs: Partial<Found> = {}) =>
    take({ subject: fresh(), detector, evidence, evidenceCount: evidence.length, from: NOON - 1, to: NOON + 1, ...differs })
  const window = `from=${NOON - DAY}&to=${NOON + 30_000}`
  await cite('replay', events.slice(0, 3))
  await cite('many-networks', events.slice(1, 4), { detectedAt: NOON + 40_000 })
  await cite('new-client', events.slice(4), { confidence: 'low' })
  const { securityEvents, notes } = (await get(`/v1/metrics/tokens?${window}`)).body
  expect(securityEvents).toMatchObject({
    suspiciousAttempts: 4,
    suspicious: {
      succeeded: 4,
      tokens: 1,
      networks: 1,
      lowerBound: false,
      knownThen: { attempts: 3, succeeded: 3 },
      statement: 'attempts cited by findings of medium confidence or more',
    },
  })
  const of = (name: string) =>
    securityEvents.suspicious.byDetector.find(({ detector }: { detector: string }) => detector === name)
  expect([of('replay').attempts, of('many-networks').attempts, of('new-client')]).toEqual([3, 3, undefined])
  expect(notes.map(({ code }: { code: string }) => code)).not.toContain('no_detectors')
  const radius = await get(`/v1/tokens/${bot.id}/blast-radius`)
  expect(radius.body).toMatchObject({
    owner: { id: expect.stringMatching(/^owner-[1-9]/) },
    services: [{ name: 'shop', accepted: 5 }],
  })
})
