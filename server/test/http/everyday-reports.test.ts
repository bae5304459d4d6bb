import { createHash } from 'node:crypto'
import { strFromU8, unzipSync } from 'fflate'
import { TYPES } from 'tokentrail'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportDoor } from '../../src/http/report-door.ts'
import { FORMAT_NAMES } from '../../src/report/everyday/formats.ts'
import { REPORT_NAMES, REPORTS, type ReportName } from '../../src/report/everyday/reports.ts'
import type { Report } from '../../src/report/everyday/report.ts'
import { found } from '../detect/desk/found.ts'
import { type Front, NOON, openFront } from './support.ts'

let front: Front
let analyst: string
let incidentId: string
let bot: { text: string; id: string }

beforeAll(async () => {
  front = await openFront({ ship: true })
  analyst = (await front.token({ role: 'analyst', owner: 'ann' })).text
  bot = await front.token({ owner: 'bot', scopes: ['a'] })
  const door = (await front.token({ role: 'validate', owner: 'door' })).text
  const items = [
    ...Array.from({ length: 20 }, () => ({ token: bot.text, service: '=cmd()', ip: '192.0.2.1' })),
    { token: bot.text, scopes: ['b'], service: 'shop' },
    { token: bot.text, service: '<b>shop</b>' },
    { token: 'junk', service: 'shop' },
  ]
  await front.call(door, 'POST', '/v1/validate', { items })
  await front.rows()
  await front.journal.shipped(30_000)
  const no = (await front.records.read.token(front.own.no, bot.id))?.no ?? 0
  const facts = { ...found().facts, token: { as: 'token', value: no } } as const
  await front.desk.take([found({ tenant: front.own.no, detectedAt: NOON, subject: { kind: 'token', key: String(no) }, facts })])
  incidentId = (await front.call(analyst, 'GET', '/v1/incidents')).body.items[0].id
  front.clock.move(60_000)
}, 60_000)
afterAll(() => front.close())

/** What a report needs, of what is there. */
const bodyOf = (name: ReportName): object => {
  const { needs = [] }: Report = REPORTS[name]
  return needs.includes('token') ? { token: bot.id } : needs.includes('incident') ? { incident: incidentId } : {}
}
const make = (name: string, body: object, as = analyst) => front.call(as, 'POST', `/v1/reports/${name}`, body)

const raw = (name: string, body: object) =>
  front.app.inject({ method: 'POST', url: `/v1/reports/${name}`, body, headers: { authorization: `Bearer ${analyst}` } })

describe('every report', () => {
  test.each(REPORT_NAMES)('%s is made, and every row has the columns of its section', async (name) => {
    const { status, body } = await make(name, bodyOf(name))
    expect([status, body.code]).toEqual([200, undefined])
    expect(body.meta).toMatchObject({ report: name, zone: 'UTC', tenant: 'default' })
    for (const section of body.sections) {
      expect([section.name, section.withheld]).toEqual([section.name, undefined])
      for (const row of section.rows) expect(Object.keys(row)).toEqual(Object.keys(section.columns))
    }
    expect(body.rowCount).toBe(body.sections.flatMap(({ rows }: { rows: unknown[] }) => rows).length)
  })

  test.each(FORMAT_NAMES)('in %s is the same bytes for the same question and watermark', async (format) => {
    for (const name of ['integration-health', 'expiry-forecast', 'security-summary']) {
      const [one, two] = [await raw(name, { format }), await raw(name, { format })]
      expect([name, one.statusCode]).toEqual([name, 200])
      expect(one.rawPayload.equals(two.rawPayload)).toBe(true)
    }
  })

  test('asks for nothing that is not in the catalogue, and a form that there is', async () => {
    expect((await make('everything', {})).body.code).toBe('parameter_invalid')
    expect((await make('hygiene', { format: 'parquet' })).body.code).toBe('body_invalid')
    expect((await make('hygiene', { token: bot.id })).body).toMatchObject({ code: 'parameter_invalid', input: '/token' })
    expect((await make('token-dossier', {})).body).toMatchObject({ code: 'parameter_invalid', input: '/token' })
    expect((await make('hygiene', { from: NOON, to: NOON })).body).toMatchObject({ code: 'time_invalid', input: '/to' })
    expect((await make('token-dossier', { token: 'nobodys' })).body.code).toBe('not_found')
    const catalogue = (await front.call(analyst, 'GET', '/v1/reports')).body
    expect(catalogue.items.map(({ name }: { name: string }) => name)).toEqual(REPORT_NAMES)
  })
})

describe('what a role does not see', () => {
  test('owners are numbers in every report of an analyst, and names for a token admin', async () => {
    const inventory = await make('token-inventory', {})
    expect([inventory.text.includes('"bot"'), inventory.text.includes('owner-')]).toEqual([false, true])
    expect(inventory.body.meta.redaction).toContain('Owners are numbers.')
    for (const name of REPORT_NAMES)
      expect([name, (await make(name, bodyOf(name))).text.includes('"bot"')]).toEqual([name, false])
    const named = await make('token-inventory', {}, (await front.token({ role: 'token_admin' })).text)
    expect(named.text).toContain('"bot"')
  })

  test('a viewer reads exactly what the questions tell a viewer; the other sections say why they are withheld', async () => {
    const viewer = (await front.token({ role: 'viewer', owner: 'vera' })).text
    const { status, body } = await make('integration-health', {}, viewer)
    expect(status).toBe(200)
    const window = `from=${Date.parse(body.meta.from)}&to=${Date.parse(body.meta.to)}`
    const asked = (await front.call(viewer, 'GET', `/v1/questions/totals?${window}`)).body
    const shown = body.sections.find(({ name }: { name: string }) => name === 'totals').rows
    expect(shown.find(({ figure }: { figure: string }) => figure === 'Attempts').value).toBe(asked.rows[0].attempts)
    expect(shown.find(({ figure }: { figure: string }) => figure === 'Active tokens').value).toBeNull()
    for (const { says } of asked.withheld.rules) expect(body.meta.redaction).toContain(says)
    for (const section of ['failing-tokens', 'reasons', 'latency']) {
      const found = body.sections.find(({ name }: { name: string }) => name === section)
      expect([section, found.rows, typeof found.withheld]).toEqual([section, [], 'string'])
    }
    expect((await make('token-inventory', {}, viewer)).body.code).toBe('not_permitted')
  })

  test('another tenant is in no report', async () => {
    const stranger = (await front.token({ role: 'analyst', tenant: front.other })).text
    for (const name of REPORT_NAMES) {
      const { status, text } = await make(name, bodyOf(name), stranger)
      expect([name, status === 200 || status === 404, text.includes(bot.id) && status === 200]).toEqual([name, true, false])
    }
  })

  test('an auditor with a period reads of that period alone, and is told so', async () => {
    const { text, id } = await front.token({ role: 'ingest', owner: 'eve' })
    const period = { from: NOON - 7_200_000, to: NOON - 3_600_000 }
    const admin = (await front.token({ role: 'admin' })).text
    const grant = { token: id, role: 'auditor', period, ground: 'the audit of the year' }
    expect((await front.call(admin, 'POST', '/v1/roles/grant', grant)).status).toBeLessThan(300)
    const { status, body } = await make('integration-health', {}, text)
    expect(status).toBe(200)
    const section = (wanted: string) => body.sections.find(({ name }: { name: string }) => name === wanted)
    expect(section('totals').rows[0]).toMatchObject({ figure: 'Attempts', value: 0 })
    expect(section('failing-tokens').rows).toEqual([])
    expect(section('services').withheld).toContain('period')
    expect(body.meta.redaction.join(' ')).toContain(new Date(period.from).toISOString())
  })

  test('whoever reaches own tokens only is given none', async () => {
    const owner = (await front.token({ role: 'owner', owner: 'bot' })).text
    expect((await make('token-inventory', {}, owner)).body.code).toBe('not_permitted')
  })
})

describe('a reader who leaves', () => {
  test('ends what the report asks, and that is no fault', async () => {
    const credentials = { authorization: `Bearer ${analyst}`, cookie: undefined, basic: false }
    const caller = { ip: '127.0.0.1', userAgent: undefined, method: 'POST', route: '/v1/reports/{name}', requestId: 'left' }
    const identity = await front.access.authenticate(credentials, caller, { emergency: false })
    const request = { identity, headers: { authorization: credentials.authorization }, ip: '127.0.0.1', id: 'left' }
    const door = reportDoor(front.app, front, request as never)
    const left = new AbortController()
    const asking = door.get('/v1/questions/totals', {}, { signal: left.signal, patient: false })
    left.abort()
    await expect(asking).rejects.toBe(left.signal.reason)
    expect(front.faults).toEqual([])
  })
})

describe('handing on', () => {
  test('each report that was made is an event with the digest of what was handed out', async () => {
    const { rawPayload } = await raw('hygiene', { format: 'csv' })
    const digest = createHash('sha256').update(rawPayload).digest('hex')
    const events = (await front.rows()).filter(({ type }) => type === TYPES['report.generated'].id)
    expect(events.map(({ detail }) => JSON.parse(detail))).toContainEqual(
      expect.objectContaining({ report: 'hygiene', format: 'csv', digest, bytes: rawPayload.length }),
    )
  })

  test('no cell of a CSV begins a formula, whatever a service is called', async () => {
    const { text } = await make('integration-health', { format: 'csv' })
    expect(text).toContain("'=cmd()")
    for (const cell of cellsOf(text))
      for (const line of cell.split(/\r\n|\n|\r/)) expect(line).not.toMatch(/^[\s\u00a0\ufeff]*[=+@\t]/)
    expect(text).toMatch(/End of report, rows",\d+\r\n$/)
  })

  test('a workbook holds texts as texts and numbers as numbers', async () => {
    const files = unzipSync((await raw('integration-health', { format: 'xlsx' })).rawPayload)
    const sheets = Object.entries(files).filter(([name]) => name.startsWith('xl/worksheets/'))
    expect(sheets.length).toBe(REPORTS['integration-health'].sections.length + 1)
    const all = sheets.map(([, bytes]) => strFromU8(bytes)).join('')
    expect(all).toContain('<t xml:space="preserve">=cmd()</t>')
    expect(all).not.toContain('<f>')
    expect(all).toMatch(/<c s="2"><v>20<\/v><\/c>/)
  })

  test('a page has no script, loads nothing, and shows markup as text', async () => {
    const { text } = await make('integration-health', { format: 'html' })
    expect(text).toContain("default-src 'none'")
    expect(text).not.toMatch(/<script|<img|<link|https?:/)
    expect(text).toContain('&lt;b&gt;')
  })

  test('a PDF is tagged, titled and in a language', async () => {
    const { rawPayload } = await raw('monthly-summary', { format: 'pdf' })
    const text = rawPayload.toString('latin1')
    for (const mark of ['/MarkInfo', '/StructTreeRoot', '/Lang (en)', '/DisplayDocTitle true']) expect(text).toContain(mark)
  })
})

/** The cells of a CSV, as RFC 4180 reads them. */
function cellsOf(csv: string): string[] {
  return [...csv.matchAll(/(?:^|,|\r\n)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
}
