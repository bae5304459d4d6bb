import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

  test.each(FORMAT_NAMES)(
    'in %s is the same bytes for the same question and watermark',
    async (format) => {
      for (const name of REPORT_NAMES) {
        const [one, two] = [await make(name, { ...bodyOf(name), format }), await make(name, { ...bodyOf(name), format })]
        expect([name, one.status]).toEqual([name, 200])
        expect([name, one.text]).toEqual([name, two.text])
      }
    },
    60_000,
  )
})
