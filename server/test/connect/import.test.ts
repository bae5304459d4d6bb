import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FLAGS } from 'tokentrail'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runImport, type ImportOptions } from '../../src/cli/import.ts'
import { openHouse, SYSTEM, type House } from './house.ts'
import type { ImportSummary } from '../../src/cli/import-summary.ts'

const FOLDER = fileURLToPath(new URL('../../../../shared/data/cloudtrail/invictus/CloudTrail', import.meta.url))

let house: House
beforeEach(async () => void (house = await openHouse()))
afterEach(() => house.close())

type Answer = (path: string, method: string, body: string) => Response | undefined

/** What the server does at these paths, on real parts; `before` may answer instead. */
function serve(before: Answer = () => undefined): { fetch: typeof fetch; calls: string[] } {
  const calls: string[] = []
  const handle: typeof fetch = async (url, init = {}) => {
    const path = new URL(url instanceof Request ? url.url : url).pathname
    const [method, body] = [init.method ?? 'GET', typeof init.body === 'string' ? init.body : '']
    calls.push(`${method} ${path.replace(/[0-9a-f]{64}/, '…')}`)
    return (
      before(path, method, body) ??
      (path === '/v1/events' ? takeEvents(body) : keepProgress(decodeURIComponent(path.slice(12)), method, body))
    )
  }
  return { fetch: handle, calls }
}

async function takeEvents(body: string): Promise<Response> {
  const lines = body.split('\n').map((line) => JSON.parse(line) as unknown)
  return Response.json({ results: await house.ingest.take(house.tenant.no, lines, { actor: SYSTEM }) })
}

async function keepProgress(source: string, method: string, body: string): Promise<Response> {
  const tenantNo = house.tenant.no
  if (method === 'PUT') {
    const { finished, ...progress } = JSON.parse(body) as {
      file: string
      recordsDone: number
      recordsTotal: number
      finished: boolean
    }
    await house.records.act('putImport', { tenantNo, source, ...progress, finishedAt: finished ? house.clock.at : null })
  }
  const known = await house.records.read.import(tenantNo, source)
  return known ? Response.json(known) : Response.json({ code: 'not_found' }, { status: 404 })
}

type Run = { code: number; summary: ImportSummary; stderr: string; pauses: number[] }

async function run(options: Pick<ImportOptions, 'files'> & Partial<ImportOptions>): Promise<Run> {
  let [stdout, stderr] = ['', '']
  const pauses: number[] = []
  const code = await runImport({
    format: 'cloudtrail',
    url: 'http://tokentrail.test',
    token: 'secret-token',
    json: true,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    pause: async (ms) => void pauses.push(ms),
    random: () => 0.5,
    ...options,
  })
  return { code, summary: JSON.parse(stdout) as ImportSummary, stderr, pauses }
}

function file(name: string, content: string | Buffer): string {
  const path = join(house.folder, name)
  writeFileSync(path, content)
  return path
}

function record(no: number, change: object = {}): object {
  return {
    eventID: `e${no}`,
    eventTime: '2026-11-25T08:00:00Z',
    eventSource: 's3.amazonaws.com',
    eventName: 'GetObject',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::1:user/ann', accessKeyId: 'AKIAEXAMPLE' },
    ...change,
  }
}

async function storedCount(): Promise<number> {
  return (await house.rows(house.tenant.no)).filter(({ flags }) => (flags & FLAGS.observed) !== 0).length
}

describe.runIf(existsSync(FOLDER))('the 2,900 real records', () => {
  test('are stored once, and a second import adds nothing', async () => {
    const { fetch, calls } = serve()
    const first = await run({ files: [FOLDER], fetch })
    expect(first.code).toBe(0)
    expect(first.summary).toMatchObject({
      read: 2900,
      stored: 2900,
      repeated: 0,
      rejected: 0,
      lost: 0,
      withoutKey: 85,
      furtherEvents: 4,
    })
    expect(await storedCount()).toBe(2904)
    calls.length = 0
    const second = await run({ files: [FOLDER], fetch })
    expect(second.summary).toMatchObject({ read: 2900, stored: 0, repeated: 2900, withoutKey: 85 })
    expect(calls.filter((call) => call === 'POST /v1/events')).toEqual([])
    expect(await storedCount()).toBe(2904)
  })

  test('are recognised by their ids where the server keeps no progress', async () => {
    const { fetch } = serve((path) => (path.startsWith('/v1/imports') ? new Response('', { status: 404 }) : undefined))
    await run({ files: [FOLDER], fetch })
    expect((await run({ files: [FOLDER], fetch })).summary).toMatchObject({ stored: 0, repeated: 2900 })
    expect(await storedCount()).toBe(2904)
  })

  test('a dry run sends nothing and names every field', async () => {
    const { code, summary } = await run({
      files: [FOLDER],
      dryRun: true,
      fetch: () => Promise.reject(new Error('nothing may be sent')),
    })
    expect(code).toBe(0)
    expect(summary).toMatchObject({ read: 2900, mapped: 2900, stored: 0, withoutKey: 85 })
    expect(summary.fields.mapped).toMatchObject({ eventID: 2900, 'userIdentity.accessKeyId': 2816, errorCode: 300 })
    expect(summary.fields.unmapped).toMatchObject({ awsRegion: 2900, tlsDetails: 2295, apiVersion: 10 })
  })
})

describe('an import that is disturbed', () => {
  const many = () => file('many.json', JSON.stringify({ Records: Array.from({ length: 2_500 }, (_, i) => record(i)) }))

  test('goes on where it stopped', async () => {
    let posts = 0
    const broken = serve((path) => {
      if (path === '/v1/events' && ++posts > 1) throw new TypeError('connection refused')
      return undefined
    })
    const first = await run({ files: [many()], fetch: broken.fetch })
    expect(first.code).toBe(5)
    expect(first.stderr).toContain('No server answers')
    expect(first.summary.stored).toBeGreaterThan(900)
    const { fetch, calls } = serve()
    const second = await run({ files: [many()], fetch })
    expect(second.code).toBe(0)
    expect(second.summary.stored + first.summary.stored).toBe(2_500)
    expect(second.summary.repeated).toBe(first.summary.stored)
    expect(calls.filter((call) => call === 'POST /v1/events')).toHaveLength(2)
    expect(await storedCount()).toBe(2_500)
  })

  test('waits as long as the server asks, and longer each time', async () => {
    let refusals = 3
    const { fetch } = serve((path) =>
      path === '/v1/events' && refusals-- > 0 ? new Response('{}', { status: 503, headers: { 'retry-after': '2' } }) : undefined,
    )
    const { code, pauses } = await run({ files: [file('one.json', JSON.stringify([record(1)]))], fetch })
    expect(code).toBe(0)
    expect(pauses).toEqual([2_000, 2_000, 2_000])
    expect(await storedCount()).toBe(1)
  })

  test('sends again what the journal could not take, and only that', async () => {
    const bodies: number[] = []
    const { fetch } = serve((path, _, body) => {
      if (path !== '/v1/events') return undefined
      bodies.push(body.split('\n').length)
      return bodies.length === 1
        ? Response.json({
            results: [
              { index: 0, result: 'stored' },
              { index: 1, result: 'lost', code: 'journal_full' },
            ],
          })
        : undefined
    })
    const { code, summary } = await run({ files: [file('two.json', JSON.stringify([record(1), record(2)]))], fetch })
    expect({ code, bodies, stored: summary.stored, lost: summary.lost }).toEqual({ code: 0, bodies: [2, 1], stored: 2, lost: 0 })
  })
})

describe('what cannot be taken', () => {
  test('goes to the reject file with position and reason; the rest is stored', async () => {
    const path = file(
      'mixed.json',
      `{"Records":[${JSON.stringify(record(1))},{"eventID":5},{oops},${JSON.stringify(record(2, { eventTime: 'never' }))},${JSON.stringify(record(3))}]}`,
    )
    const rejectFile = join(house.folder, 'rejects.ndjson')
    const { code, summary } = await run({ files: [path], rejectFile, fetch: serve().fetch })
    expect(code).toBe(1)
    expect(summary).toMatchObject({ read: 5, stored: 2, rejected: 3 })
    const rejects = readFileSync(rejectFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { position: number; message: string })
    expect(new Set(rejects.map(({ position }) => position))).toEqual(new Set([2, 3, 4]))
    expect(rejects.find(({ position }) => position === 4)).toMatchObject({
      file: 'mixed.json',
      code: 'time_invalid',
      input: '/at',
    })
  })

  test('a token in a line of our own form is refused and stands in no reject file', async () => {
    const secret = `ttk_${'a'.repeat(16)}_${'b'.repeat(49)}`
    const path = file('own.ndjson', `${JSON.stringify({ at: 1_764_000_000_000, outcome: 'accepted', token: secret })}\n`)
    const rejectFile = join(house.folder, 'rejects.ndjson')
    const { code } = await run({ format: 'tokentrail', files: [path], rejectFile, fetch: serve().fetch })
    expect(code).toBe(1)
    expect(readFileSync(rejectFile, 'utf8')).not.toContain('bbbb')
  })
})

test('our own lines without an id are recognised by their content, in whatever order it stands', async () => {
  const line = { at: 1_764_000_000_000, outcome: 'accepted', token: 'k' }
  const { fetch } = serve()
  await run({ format: 'tokentrail', files: [file('a.ndjson', JSON.stringify(line))], fetch })
  const turned = JSON.stringify({ token: 'k', outcome: 'accepted', at: line.at })
  const { summary } = await run({
    format: 'tokentrail',
    files: [file('b.ndjson', `${turned}\n${JSON.stringify({ ...line, at: line.at + 1 })}`)],
    fetch,
  })
  expect(summary).toMatchObject({ stored: 1, repeated: 1 })
})

describe('exit codes', () => {
  test('2 for a file that is not there', async () => {
    expect(await run({ files: ['/no/such/file.json'], fetch: serve().fetch })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('/no/such/file.json') as string,
    })
  })

  test.each([401, 403])('4 for an answer of %i', async (status) => {
    const { fetch } = serve(() => Response.json({ code: 'not_authenticated', title: 'A valid credential is needed' }, { status }))
    const { code, stderr } = await run({ files: [file('x.json', '[]')], fetch })
    expect(code).toBe(4)
    expect(stderr).toContain('A valid credential is needed')
    expect(stderr).not.toContain('secret-token')
  })

  test('5 when no server answers', async () => {
    const { code, pauses } = await run({ files: [file('x.json', '[]')], fetch: () => Promise.reject(new TypeError('refused')) })
    expect(code).toBe(5)
    expect(pauses.every((ms) => ms <= 15_000)).toBe(true)
  })

  test('1 when what answers is no Tokentrail', async () => {
    const { fetch } = serve(() => new Response('<html>'))
    expect((await run({ files: [file('x.json', JSON.stringify([record(1)]))], fetch })).code).toBe(1)
  })
})
