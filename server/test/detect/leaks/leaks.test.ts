import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatToken, newTokenId, newTokenSecret } from 'tokentrail'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { scanFolder } from '../../../src/cli/leak-scan.ts'
import { createLeakDesk } from '../../../src/detect/leaks/leak-desk.ts'
import { type Front, openFront, silentLog } from '../../http/support.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
let front: Front
let admin: string
let analyst: string
const exposed: [tokenNo: number, at: number][] = []

beforeAll(async () => {
  front = await openFront({ ship: true })
  admin = (await front.token({ role: 'admin' })).text
  analyst = (await front.token({ role: 'analyst' })).text
  front.leaks.onExposed((tokenNo, at) => void exposed.push([tokenNo, at]))
})
afterAll(() => front.close())

const unknownText = () => formatToken('ttk', newTokenId(), newTokenSecret())
const report = (body: object) => front.call(analyst, 'POST', '/v1/leaks', body)
const leakOf = async (id: string) => (await front.call(analyst, 'GET', `/v1/leaks/${id}`)).body

describe('a leak report', () => {
  test('by text proves the token, tells detection, and forgets the text', async () => {
    const { id, text } = await front.token()
    const {
      status,
      body,
      text: answer,
    } = await report({ token: text, url: 'https://example.com/repo', since: front.clock.now() - HOUR })
    expect([status, Object.keys(body)]).toEqual([202, ['id']])
    const leak = await leakOf(body.id)
    expect(leak).toMatchObject({
      token: id,
      state: 'confirmed',
      proven: true,
      url: 'https://example.com/repo',
      reporter: 'person',
    })
    const token = await front.records.read.token(front.own.no, id)
    expect(exposed).toContainEqual([token?.no, front.clock.now() - HOUR])
    const events = JSON.stringify(await front.rows(), (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    for (const said of [answer, JSON.stringify(leak), events]) expect(said).not.toContain(text.slice(-49))
  })

  test('answers the same for known and unknown', async () => {
    const { text } = await front.token()
    const answers = [
      await report({ token: text }),
      await report({ token: unknownText() }),
      await report({ hash: 'ab'.repeat(32) }),
    ]
    for (const { status, body } of answers) {
      expect(status).toBe(202)
      expect(body).toEqual({ id: expect.stringMatching(/^lk_[0-9a-f]{20}$/) })
    }
  })

  test('takes as long for unknown as for known', async () => {
    const parts = {
      records: front.records,
      ask: () => Promise.reject(new Error('nothing is asked')),
      clock: front.clock,
      log: silentLog,
      answerMs: 200,
    }
    const desk = createLeakDesk({ ...parts, peppers: { newest: 0, byNo: new Map() } })
    const begin = performance.now()
    const common = { url: null, exposedAt: null, reporter: 'person', partner: null, note: null } as const
    await desk.report(front.own.no, { ...common, what: { text: unknownText() } }, { no: 1, kind: 'person' })
    expect(performance.now() - begin).toBeGreaterThan(190)
    desk.close()
  })

  test('with the right id and a wrong secret is not the token', async () => {
    const { id } = await front.token()
    const { body } = await report({ token: formatToken('ttk', id, newTokenSecret()) })
    expect(await leakOf(body.id)).toMatchObject({ token: null, proven: false, state: 'reported', uses: null })
  })

  test("of another tenant's token is unknown here", async () => {
    const { text, id } = await front.token({ tenant: front.other })
    const { body } = await report({ token: text })
    expect(await leakOf(body.id)).toMatchObject({ token: null, state: 'reported' })
    expect((await report({ id })).status).toBe(404)
  })

  test('by hash finds a token that was imported by its hash, before and after', async () => {
    const [before, after] = ['legacy-key-one-0123456789', 'legacy-key-two-0123456789']
    const imported = (text: string, id: string) =>
      front.call(admin, 'POST', '/v1/tokens/import', {
        tokens: [{ id, owner: 'svc', scheme: 'sha256:hex', hash: hash('sha256', text) }],
      })
    await imported(before, 'legacy-1')
    const known = await report({ hash: hash('sha256', before) })
    expect(await leakOf(known.body.id)).toMatchObject({ token: 'legacy-1', proven: false, state: 'reported' })
    const early = await report({ token: after })
    expect((await leakOf(early.body.id)).token).toBeNull()
    await imported(after, 'legacy-2')
    expect(await leakOf(early.body.id)).toMatchObject({ token: 'legacy-2', state: 'confirmed', proven: true })
  })

  test.each([{}, { id: 'a', hash: 'ab'.repeat(32) }, { hash: 'zz' }, { id: 'a', since: '2126-01-01T00:00:00Z' }])(
    '%j is refused',
    async (body) => {
      expect((await report(body)).status).toBe(400)
    },
  )

  test('a flood of reports is slowed', async () => {
    const flooder = (await front.token({ role: 'analyst', owner: 'flooder' })).text
    const statuses: number[] = []
    for (let i = 0; i < 62; i += 1)
      statuses.push((await front.call(flooder, 'POST', '/v1/leaks', { hash: 'cd'.repeat(32) })).status)
    expect([statuses.filter((status) => status === 202).length, statuses.at(-1)]).toEqual([60, 429])
  })

  test('shows the uses since, by networks known before or not', async () => {
    const { id, text } = await front.token()
    const use = (ip: string) => front.call(admin, 'POST', '/v1/validate', { token: text, ip })
    await use('198.51.100.7')
    front.clock.move(HOUR)
    const since = front.clock.now()
    front.clock.move(HOUR)
    await use('198.51.100.7')
    await use('203.0.113.9')
    await use('203.0.113.9')
    await front.rows()
    const { body } = await report({ id, since })
    await vi.waitFor(
      async () => {
        const { uses } = await leakOf(body.id)
        expect(uses).toMatchObject({ accepted: 3, acceptedFromNew: 2 })
        const seen = uses.networks.map((each: { firstSeen: string; accepted: number }) => [each.firstSeen, each.accepted])
        expect(seen.toSorted()).toEqual([
          ['after', 2],
          ['before', 1],
        ])
      },
      { timeout: 15_000, interval: 200 },
    )
  }, 30_000)

  test('is judged by people, and dismissed it exposes nothing any more', async () => {
    const { id } = await front.token()
    const { body } = await report({ id })
    const judged = await front.call(analyst, 'POST', `/v1/leaks/${body.id}/judge`, { state: 'dismissed', note: 'a fixture' })
    expect(judged.body).toMatchObject({ state: 'dismissed', note: 'a fixture' })
    const token = await front.records.read.token(front.own.no, id)
    const exposures = await front.records.read.exposures(0, 1000)
    expect(exposures.some(({ tokenNo }) => tokenNo === token?.no)).toBe(false)
  })

  test('of before is told to a detection that starts later', async () => {
    const heard: number[] = []
    front.leaks.onExposed((tokenNo) => void heard.push(tokenNo))
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0))
  })
})

describe('canaries', () => {
  test('look like any token, and answer like an unknown one', async () => {
    const plain = await front.call(admin, 'POST', '/v1/tokens', { owner: 'svc' })
    const { body } = await front.call(admin, 'POST', '/v1/tokens', {
      owner: 'svc',
      canary: true,
      name: 'CI secrets',
      place: 'repo x',
    })
    expect(body.metadata).toEqual({ place: 'repo x' })
    expect(body.token).toMatch(/^ttk_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}$/)
    expect(body.token).toHaveLength(plain.body.token.length)
    const validate = (await front.token({ role: 'validate' })).text
    const answers = [body.token, unknownText()].map((token) => front.call(validate, 'POST', '/v1/validate', { token }))
    const [canary, unknown] = (await Promise.all(answers)).map((answer) => {
      const { at: _at, event: _event, ...rest } = answer.body
      return [answer.status, rest]
    })
    expect(canary).toEqual(unknown)
    const tail = (await front.rows()).filter(({ reason }) => reason === 26)
    expect(tail.length).toBe(1)
  })

  test('a place without a canary is refused', async () => {
    const { status, body } = await front.call(admin, 'POST', '/v1/tokens', { owner: 'svc', place: 'repo x' })
    expect([status, body.input]).toEqual([400, '/place'])
  })

  test('do not exist for an auditor, by any route', async () => {
    const auditor = (await front.token({ role: 'auditor' })).text
    const { body } = await front.call(admin, 'POST', '/v1/tokens', { owner: 'svc-canary', canary: true })
    const listed = async (who: string, more = '') =>
      (await front.call(who, 'GET', `/v1/tokens?limit=500${more}`)).body.items.filter((each: { canary: boolean }) => each.canary)
        .length
    expect(await listed(analyst)).toBeGreaterThan(0)
    expect(await listed(analyst, '&canary=true')).toBeGreaterThan(0)
    expect([await listed(auditor), await listed(auditor, '&canary=true')]).toEqual([0, 0])
    for (const path of ['', '/blast-radius'])
      expect((await front.call(auditor, 'GET', `/v1/tokens/${body.id}${path}`)).status).toBe(404)
    expect((await front.call(auditor, 'GET', `/v1/findings?token=${body.id}`)).status).toBe(404)
    expect((await front.call(analyst, 'GET', `/v1/tokens/${body.id}`)).status).toBe(200)
    await front.rows()
    const events = async (who: string) =>
      (
        await front.call(
          who,
          'GET',
          `/v1/questions/events-page?from=${front.clock.now() - DAY}&to=${front.clock.now() + DAY}&limit=500`,
        )
      ).body.rows.filter((each: { flags: string[] }) => each.flags.includes('canary')).length
    await vi.waitFor(async () => expect(await events(analyst)).toBeGreaterThan(0), { timeout: 15_000, interval: 200 })
    expect(await events(auditor)).toBe(0)
  }, 30_000)
})

describe('a scan of a folder', () => {
  test('finds texts of our shape and gives digests, never a text', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tokentrail-scan-'))
    try {
      const [one, two] = [unknownText(), formatToken('acme_live', newTokenId(), newTokenSecret())]
      mkdirSync(join(folder, 'deep', 'node_modules'), { recursive: true })
      writeFileSync(join(folder, 'deep', 'env'), `A=1\nTOKEN="${one}"\n${two}\n`)
      writeFileSync(
        join(folder, 'typo'),
        one.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')),
      )
      writeFileSync(join(folder, 'deep', 'node_modules', 'x'), one)
      const result = scanFolder(folder, ['ttk'])
      expect(result).toEqual({
        found: [{ file: join('deep', 'env'), line: 2, id: one.split('_')[1], sha256: hash('sha256', one) }],
        files: 2,
        left: 0,
      })
      expect(JSON.stringify(result)).not.toContain(one.slice(-49))
      expect(scanFolder(folder, ['ttk', 'acme_live']).found).toHaveLength(2)
      expect(() => scanFolder(join(folder, 'missing'), ['ttk'])).toThrow('cannot be read')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
