import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { TYPES } from 'tokentrail'
import { openPack } from '../../src/audit/verify/open-pack.ts'
import { EVIDENCE_NAMES } from '../../src/report/evidence/questions.ts'
import { type Front, openFront, type Reply } from './support.ts'

let front: Front
let folder: string
const tokens = new Map<string, string>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tokentrail-evidence-'))
  front = await openFront({ ship: true, access: { limits: { packsPerPrincipal: 4 } } })
  for (const role of ['admin', 'auditor', 'privacy_officer', 'token_admin', 'analyst', 'viewer'] as const)
    tokens.set(role, (await front.token({ role, owner: `the-${role}` })).text)
  // What was received before is in the store, so that the watermark is past it.
  await front.journal.shipped(20_000)
  front.clock.move(60_000)
}, 60_000)
afterAll(async () => {
  await front.close()
  rmSync(folder, { recursive: true, force: true })
})

const as = (role: string, method: 'GET' | 'POST', url: string, body?: unknown): Promise<Reply> =>
  front.call(tokens.get(role), method, url, body)
const codeOf = ({ status, body }: Reply): unknown[] => [status, body.code]

/** A pack that is ready. */
async function made(role: string, wish: object): Promise<string> {
  const { status, body } = await as(role, 'POST', '/v1/evidence/packs', { recipient: 'Auditor Ltd', ...wish })
  expect([status, body.state]).toEqual([202, 'making'])
  await vi.waitFor(async () => expect((await as(role, 'GET', `/v1/evidence/packs/${body.id}/status`)).body.state).toBe('ready'), {
    timeout: 30_000,
    interval: 50,
  })
  return body.id
}

test('the catalogue names every question, pack and control, and the key of reports is public', async () => {
  const { status, body } = await as('auditor', 'GET', '/v1/evidence')
  expect(status).toBe(200)
  expect(body.questions.map(({ name }: { name: string }) => name)).toEqual(EVIDENCE_NAMES)
  expect(body.frameworks).toHaveLength(8)
  const keys = await front.call(undefined, 'GET', '/.well-known/tokentrail/keys')
  expect(keys.body.keys).toMatchObject([{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' }])
  expect(body.reportKey).toContain('/report+')
})

describe('a question', () => {
  test('is answered with figures over all rows and as many rows as asked for', async () => {
    const { status, body } = await as('auditor', 'GET', '/v1/evidence/questions/token-inventory?limit=2')
    expect([status, body.rows.length, body.count > 2, body.id]).toEqual([200, 2, true, 'Q1'])
    expect(body.figures[0]).toMatchObject({ name: 'tokens', value: body.count })
    expect(body).toMatchObject({ level: 'pseudonymous', withheld: ['ownerId'], completeness: { missing: 0 } })
    expect(JSON.stringify(body.rows)).not.toContain('the-')
    expect((await as('auditor', 'GET', '/v1/evidence/questions/token-inventory?level=aggregate')).body.rows).toEqual([])
  })

  test('gives names to roles that may know them, and to nobody else', async () => {
    const url = '/v1/evidence/questions/token-inventory?level=identified&limit=1'
    expect((await as('privacy_officer', 'GET', url)).body.rows[0].ownerId).toMatch(/^the-/)
    expect(codeOf(await as('auditor', 'GET', url))).toEqual([403, 'not_permitted'])
  })

  test('is refused to who may not ask it, and where it does not exist or a parameter is foreign', async () => {
    expect(codeOf(await as('viewer', 'GET', '/v1/evidence/questions/reviews'))).toEqual([403, 'not_permitted'])
    expect((await as('auditor', 'GET', '/v1/evidence/questions/everything')).status).toBe(400)
    expect(codeOf(await as('auditor', 'GET', '/v1/evidence/questions/reviews?days=3'))).toEqual([400, 'parameter_invalid'])
  })
})

describe('a pack', () => {
  test('is made, listed, fetched as a zip, and each download is recorded', async () => {
    const id = await made('auditor', { pack: 'daily-review' })
    const list = await as('auditor', 'GET', '/v1/evidence/packs')
    expect(list.body.items[0]).toMatchObject({
      id,
      pack: 'daily-review',
      recipient: 'Auditor Ltd',
      state: 'ready',
      event: expect.stringMatching(/^evt_/),
    })
    const zip = await front.app.inject({
      url: `/v1/evidence/packs/${id}`,
      headers: { authorization: `Bearer ${tokens.get('auditor')}` },
    })
    expect([zip.statusCode, zip.headers['content-type'], zip.headers['content-disposition']]).toEqual([
      200,
      'application/zip',
      `attachment; filename="${id}.zip"`,
    ])
    writeFileSync(join(folder, 'pack.zip'), zip.rawPayload)
    const pack = await openPack(join(folder, 'pack.zip'))
    expect([...pack.folder.files.keys()]).toEqual(
      expect.arrayContaining(['report.json', 'report.html', 'report.pdf', 'after/proof']),
    )
    await pack.close()
    await front.journal.flush()
    const noted = (await front.rows()).filter(({ type }) => type === TYPES['report.viewed'].id)
    const downloads = noted.filter(({ route }) => route === '/v1/evidence/packs/{id}')
    expect(downloads.map(({ detail }) => JSON.parse(detail))).toEqual([
      expect.objectContaining({ pack: id, digest: expect.stringMatching(/^[0-9a-f]{64}$/) }),
    ])
  })

  test('of another tenant does not exist', async () => {
    const { text } = await front.token({ role: 'admin', tenant: front.other })
    const { body } = await as('auditor', 'GET', '/v1/evidence/packs')
    const [{ id }] = body.items
    expect(codeOf(await front.call(text, 'GET', `/v1/evidence/packs/${id}`))).toEqual([404, 'not_found'])
    expect(codeOf(await front.call(text, 'POST', '/v1/reviews', { kind: 'daily', pack: id, open: 0 }))).toEqual([
      404,
      'not_found',
    ])
    expect((await front.call(text, 'GET', '/v1/evidence/packs')).body.items).toEqual([])
  })

  test('is refused to who may not make one, with bad wishes, and beyond so many in an hour', async () => {
    expect(codeOf(await as('analyst', 'POST', '/v1/evidence/packs', { pack: 'retention', recipient: 'x' }))).toEqual([
      403,
      'not_permitted',
    ])
    expect((await as('auditor', 'POST', '/v1/evidence/packs', { pack: 'everything', recipient: 'x' })).status).toBe(400)
    expect(codeOf(await as('auditor', 'POST', '/v1/evidence/packs', { pack: 'incident', recipient: 'x' }))).toEqual([
      400,
      'parameter_invalid',
    ])
    expect((await as('auditor', 'GET', '/v1/evidence/packs/pck_00')).status).toBe(404)
    const answers = []
    for (let i = 0; i < 4; i += 1)
      answers.push(codeOf(await as('auditor', 'POST', '/v1/evidence/packs', { pack: 'incident', recipient: 'x' })))
    expect(answers.at(-1)).toEqual([429, 'rate_limited'])
  })

  test('with names waits for a second person while duties are kept apart', async () => {
    const { act, read } = front.records
    const setting = (value: string) =>
      act('putSetting', {
        tenantNo: front.own.no,
        name: 'separation',
        value,
        at: front.clock.now(),
        actor: { no: 0, kind: 'system' },
      })
    const second = (await front.token({ role: 'privacy_officer', owner: 'second-officer' })).text
    const stranger = (await front.token({ role: 'auditor', owner: 'another-auditor' })).text
    await setting('enforced')
    const wish = { pack: 'offboarding', recipient: 'Auditor Ltd', level: 'identified', ground: 'the yearly audit' }
    const asked = await as('privacy_officer', 'POST', '/v1/evidence/packs', wish)
    expect([asked.status, asked.body.approval?.action]).toEqual([202, 'export.identified'])
    const { id } = asked.body.approval
    expect(codeOf(await as('privacy_officer', 'POST', '/v1/evidence/packs', { ...wish, approval: id }))[1]).toMatch(/^approval_/)
    await act('decideApproval', {
      tenantNo: front.own.no,
      id,
      given: true,
      at: front.clock.now(),
      actor: { no: 4242, kind: 'person' },
    })
    const other = await as('privacy_officer', 'POST', '/v1/evidence/packs', { ...wish, pack: 'retention', approval: id })
    expect(codeOf(other)[1]).toMatch(/^approval_/)
    const pack = await as('privacy_officer', 'POST', '/v1/evidence/packs', { ...wish, approval: id })
    expect([pack.status, pack.body.approval]).toEqual([202, id])
    await vi.waitFor(async () => expect((await read.pack(front.own.no, pack.body.id))?.state).toBe('ready'), {
      timeout: 30_000,
      interval: 50,
    })
    expect(codeOf(await front.call(stranger, 'GET', `/v1/evidence/packs/${pack.body.id}`))).toEqual([403, 'not_permitted'])
    await setting('waived')
    expect(second).not.toBe('')
  })
})

describe('a review', () => {
  test('is signed by somebody who did not make the pack, once, and listed', async () => {
    const id = await made('admin', { pack: 'access-review', level: 'aggregate' })
    const sign = (role: string) =>
      as(role, 'POST', '/v1/reviews', { kind: 'access', pack: id, open: 1, note: 'two tokens to end' })
    expect(codeOf(await sign('auditor'))).toEqual([403, 'not_permitted'])
    const signed = await sign('token_admin')
    expect([signed.status, signed.body]).toMatchObject([
      201,
      { kind: 'access', pack: id, secondPerson: true, waived: false, open: 1 },
    ])
    expect(codeOf(await sign('token_admin'))).toEqual([409, 'review_exists'])
    expect((await sign('admin')).body).toMatchObject({ secondPerson: false, waived: true })
    const list = await as('auditor', 'GET', '/v1/reviews?kind=access&limit=1')
    expect(list.body.items).toHaveLength(1)
    const rest = await as('auditor', 'GET', `/v1/reviews?kind=access&limit=1&cursor=${list.body.next}`)
    expect(rest.body.items).toHaveLength(1)
    expect((await as('auditor', 'GET', '/v1/reviews?kind=daily')).body.items).toEqual([])
  })
})
