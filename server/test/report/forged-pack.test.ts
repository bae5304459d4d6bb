import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { canonicalBytes, WIDE_PROFILE } from 'tokentrail/log'
import { readTrust, verifyPack, type Outcome, type PackManifest, type PackTable } from 'tokentrail/verify'
import { LOG_CRYPTO } from '../../src/audit/crypto.ts'
import { nodeSha256Stream } from '../../src/audit/verify/open-pack.ts'
import { folderOf } from '../../../test/whole/made-pack.ts'
import { PACK_NAMES } from '../../src/report/packs.ts'
import { DAY, NOW, SYSTEM, textIn, useReportHouse, verify, withPack } from './house.ts'

/** Packs whose maker holds the report key, so that manifest and signature are in order, but neither the log's key nor its past. */
const house = useReportHouse()
const WINDOW = { from: NOW - 92 * DAY, to: NOW }
const TABLE = 'answers/token-lifecycle'
let trust = ''
let files: ReadonlyMap<string, string>

beforeAll(async () => {
  const { own, token, records, settle, audit, desk, pack } = house()
  for (let i = 0; i < 5; i += 1) await token(own, { id: `own${i}`, issuedAt: NOW - 10 * DAY })
  for (const id of ['own1', 'own2'])
    await records.act('revokeToken', { tenantNo: own.no, id, reason: 'leaked', note: '', at: NOW - 3 * DAY, actor: SYSTEM })
  await settle()
  trust = `log ${(await audit.state()).vkey}\nreport ${desk.key.vkey}\nquorum none`
  const { file } = await pack(own, { name: 'offboarding', recipient: 'Auditor', ...WINDOW })
  files = await withPack(
    file,
    async (folder) =>
      new Map(await Promise.all([...folder.files.keys()].map(async (name) => [name, await bytesIn(folder, name)] as const))),
  )
})

/** Bytes as a text of one character each, so that nothing is lost. */
async function bytesIn(folder: Parameters<typeof textIn>[0], name: string): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of folder.read(name)) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks).toString('latin1')
}

type Changed = Record<string, (text: string) => string>

/** Changes files, lists them anew, and signs the whole with the report key. */
async function forged(changes: Changed, change: (manifest: PackManifest) => PackManifest = (each) => each) {
  const all = new Map([...files].filter(([name]) => !name.startsWith('after/')))
  for (const [name, how] of Object.entries(changes)) {
    const [before = '', after] = [all.get(name), how(all.get(name) ?? '')]
    expect([name, after === before]).toEqual([name, false])
    all.set(name, after)
  }
  const bytes = new Map<string, Uint8Array>([...all].map(([name, text]) => [name, Buffer.from(text, 'latin1')]))
  const manifest = change(JSON.parse(Buffer.from(bytes.get('report.json') ?? []).toString()) as PackManifest)
  const listed = manifest.files.map((each) => {
    const content = bytes.get(each.name) ?? new Uint8Array()
    return { ...each, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
  })
  const report = canonicalBytes({ ...manifest, files: listed }, WIDE_PROFILE)
  bytes.set('report.json', report)
  bytes.set('report.json.jws', Buffer.from(await house().desk.key.sign(report)))
  const found = await verifyPack({
    folder: folderOf(bytes),
    trust: readTrust(LOG_CRYPTO, trust),
    older: [],
    crypto: LOG_CRYPTO,
    sha256Stream: nodeSha256Stream,
    now: NOW,
  })
  return { isGood: found.isGood, figures: found.outcomes.find(({ check }) => check === 'figures') as Outcome, found }
}

const said = ({ says, notes }: Outcome): string => [says, ...notes].join('\n')
const line = (at: number, how: (row: Record<string, unknown>) => object | undefined) => (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .flatMap((each, i) => {
      const row = i === at ? how(JSON.parse(each) as Record<string, unknown>) : undefined
      return i !== at ? [each] : row === undefined ? [] : [JSON.stringify(row)]
    })
    .map((each) => `${each}\n`)
    .join('')
const withTable =
  (change: (table: PackTable) => PackTable) =>
  (manifest: PackManifest): PackManifest => ({
    ...manifest,
    answers: (manifest.answers ?? []).map((each) => (each.question === 'token-lifecycle' ? change(each) : each)),
  })

describe('the printed tables', () => {
  test('of every kind of pack hold against the log, and no figure is contradicted', async () => {
    const { own, pack } = house()
    for (const name of PACK_NAMES.filter((each) => !each.startsWith('auditor-'))) {
      const { file } = await pack(own, {
        name,
        recipient: 'Auditor',
        ...WINDOW,
        level: 'identified',
        ...(name === 'incident' ? { params: { token: 'own1' } } : {}),
      })
      const { isGood, outcomes } = await verify(file, trust)
      expect([name, isGood, outcomes.filter(({ state }) => state === 'fails')]).toEqual([name, true, []])
    }
  })

  test('of a pack that nobody touched are entries of the log, and it is said which are not', async () => {
    const { isGood, figures } = await forged({})
    expect([isGood, figures.state]).toEqual([true, 'holds'])
    expect(said(figures)).toMatch(/The rows of one table are entries of the log, and none is missing/)
    expect(said(figures)).toMatch(/Rows that are entries of the log: token-lifecycle \d+\./)
    expect(said(figures)).toMatch(/Not proven, because their rows rest on records[^]*token-inventory/)
    expect(said(figures)).toMatch(/Compared with nothing: [^]*report\.pdf/)
  })

  test.each<[string, Changed, RegExp]>([
    [
      'a cell of the sheet',
      { [`${TABLE}.csv`]: (text) => text.replace(',leaked,', ',idle,') },
      /answers\/token-lifecycle\.csv: row \d+ is not that of answers\/token-lifecycle\.ndjson; it differs in the column reason/,
    ],
    [
      'a row of the sheet is gone',
      { [`${TABLE}.csv`]: (text) => text.replace(/[^\r\n]*,token\.revoked,[^\r\n]*\r\n/, '') },
      /token-lifecycle\.csv: row \d+ is not that of/,
    ],
    [
      'a row of the sheet is twice',
      { [`${TABLE}.csv`]: (text) => text.replace(/([^\r\n]*\r\n)$/, '$1$1') },
      /token-lifecycle\.csv: row \d+ is not in answers\/token-lifecycle\.ndjson/,
    ],
    [
      'a sheet of records, which no entry proves',
      { 'answers/token-inventory.csv': (text) => text.replace('own3', 'own9') },
      /token-inventory\.csv: row \d+ is not that of answers\/token-inventory\.ndjson; it differs in the column token/,
    ],
    [
      'a cell of the page',
      { 'report.html': (text) => text.replace('<td>leaked</td>', '<td>idle</td>') },
      /report\.html: the table of token-lifecycle shows another row \d+: it differs in the column reason/,
    ],
    [
      'a figure of the page',
      { 'report.html': (text) => text.replace(/(<td>revoked<\/td><td>[^<]*<\/td><td class="n">)2/, '$10') },
      /report\.html: the table of token-lifecycle shows another figure revoked/,
    ],
    [
      'a second table over the first one',
      {
        'report.html': (text) =>
          text.replace('<main>', '<main><table class="x"><caption>Figures of token-lifecycle</caption></table>'),
      },
      /report\.html: A table or a comment of this page is not as packs write it/,
    ],
    [
      'rows, sheet and page alike, against the log',
      {
        [`${TABLE}.ndjson`]: (text) => text.replaceAll('"leaked"', '"idle"'),
        [`${TABLE}.csv`]: (text) => text.replaceAll(',leaked,', ',idle,'),
        'report.html': (text) => text.replaceAll('<td>leaked</td>', '<td>idle</td>'),
      },
      /answers\/token-lifecycle\.ndjson: row \d+ says in the column reason idle; entry \d+ says leaked/,
    ],
    [
      'a row that a reader would read in two ways',
      { [`${TABLE}.ndjson`]: (text) => text.replace('{"at"', '{"type":"token.changed","at"') },
      /token-lifecycle\.ndjson: Row 1 is no flat object in the one form/,
    ],
  ])('%s: refused, with the table and the first row', async (_, changes, why) => {
    const { isGood, figures } = await forged(changes)
    expect([isGood, figures.state]).toEqual([false, 'fails'])
    expect(said(figures)).toMatch(why)
  })

  test('a row that was taken away everywhere is told as not proven, with the entry', async () => {
    const lines = (files.get(`${TABLE}.ndjson`) ?? '').split('\n')
    const at = lines.findIndex((each) => each.includes('"token.revoked"'))
    const { figures } = await forged(
      {
        [`${TABLE}.ndjson`]: line(at, () => undefined),
        [`${TABLE}.csv`]: (text) => text.replace(/[^\r\n]*,token\.revoked,[^\r\n]*\r\n/, ''),
        'report.html': (text) =>
          text
            .replace(/<tr>(?:<td[^>]*>[^<]*<\/td>){2}<td>token\.revoked<\/td>(?:<td[^>]*>[^<]*<\/td>)*<\/tr>\n?/, '')
            .replace(/(<td>events<\/td><td>[^<]*<\/td><td class="n">)7/, '$16')
            .replace(/(<td>revoked<\/td><td>[^<]*<\/td><td class="n">)2/, '$11'),
      },
      (manifest) => {
        const fewer = withTable((table) => ({
          ...table,
          figures: table.figures.map((each) => ({
            ...each,
            ...(each.name === 'events' || each.name === 'revoked' ? { value: (each.value ?? 0) - 1 } : {}),
            ...(each.of === undefined ? {} : { of: (each.of ?? 0) - 1 }),
          })),
        }))(manifest)
        return {
          ...fewer,
          questions: fewer.questions.map((each) => (each.name === 'token-lifecycle' ? { ...each, rows: each.rows - 1 } : each)),
        }
      },
    )
    expect(figures.state).toBe('cannot say')
    expect(said(figures)).toMatch(
      /Not everything that is printed is proven: token-lifecycle: entries of its types that are not among its rows: 1, of which entry \d+ \(token\.revoked\) is the first/,
    )
    expect(said(figures)).toMatch(/the figure revoked is printed as 1, the log gives 2/)
  })

  test('a watermark that is put back hides nothing unsaid', async () => {
    const watermark = new Date(NOW - 50 * DAY).toISOString()
    const { figures } = await forged(
      { 'report.html': (text) => `${text}\n` },
      withTable((table) => ({ ...table, watermark })),
    )
    expect(figures.state).toBe('cannot say')
    expect(said(figures)).toContain(`token-lifecycle: its rows end with its watermark ${watermark}, before the period does`)
  })

  test('a row of the log from outside of the period is refused', async () => {
    const { isGood, figures } = await forged({ 'report.html': (text) => `${text}\n` }, (manifest) => ({
      ...manifest,
      from: new Date(NOW - 5 * DAY).toISOString(),
    }))
    expect([isGood, said(figures)]).toEqual([
      false,
      expect.stringMatching(/token-lifecycle\.ndjson: row 1 tells of entry \d+, which is outside of the period/),
    ])
  })

  test('a row that was put in rests on no entry, and that is said', async () => {
    const { figures } = await forged({
      [`${TABLE}.ndjson`]: line(0, (row) => ({ ...row, event: 'evt_9_9' })),
      [`${TABLE}.csv`]: (text) => text.replace(/(\r\n\r\n[^\r\n]*\r\n[^,]*,)[^,]*/, '$1evt_9_9'),
      'report.html': (text) =>
        text.replace(/(<caption>Rows of token-lifecycle[^]*?<tbody>\n<tr><td>[^<]*<\/td><td>)[^<]*/, '$1evt_9_9'),
    })
    expect(figures.state).toBe('cannot say')
    expect(said(figures)).toMatch(
      /token-lifecycle: rows that rest on no entry here: 1, of which row 1 \(evt_9_9, token\.issued\) is the first/,
    )
  })
})
