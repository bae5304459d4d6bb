import { createHash, createHmac } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { compactVerify, importJWK, type JWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { TYPES } from 'tokentrail'
import { openCheckpoint, parseKey, parseProof } from 'tokentrail/log'
import { createTally, WHAT_IS_NOT_PROVEN, type FigureRule, type PackFolder, type PackManifest } from 'tokentrail/verify'
import { LOG_CRYPTO } from '../../src/audit/crypto.ts'
import { blankEvent, type EventRow } from '../../src/event/row.ts'
import type { Tenant, TokenRecord } from '../../src/records/records.ts'
import { FRAMEWORKS } from '../../src/report/controls.ts'
import { PACK_NAMES } from '../../src/report/packs.ts'
import { drawSample } from '../../src/report/sample.ts'
import { DAY, HOUR, NOW, SYSTEM, textIn, useReportHouse, verify, withPack } from './house.ts'

const house = useReportHouse()
const ALICE = { no: 1, kind: 'person' } as const
const WINDOW = { from: NOW - 92 * DAY, to: NOW }
const RECIPIENT = '<img src=x onerror=alert(1)> & Co'
const SCHEMA = new URL('../../../../shared/vectors/oscal_assessment-results_schema_1.0.6.json', import.meta.url)
let seq = 5000
let trust = ''

beforeAll(async () => {
  const { own, other, token, records, settle, audit, desk } = house()
  for (let i = 0; i < 40; i += 1) await token(own, { id: `own${i}`, ownerId: `=HYPERLINK("${i}")`, scopes: ['read', 'write'] })
  for (let i = 0; i < 3; i += 1) await token(other, { id: `foreign${i}`, ownerId: `stranger-${i}` })
  for (const [tenant, id, why] of [
    [own, 'own1', 'leaked'],
    [own, 'own2', 'idle'],
    [other, 'foreign1', 'manual'],
  ] as const)
    await records.act('revokeToken', {
      tenantNo: tenant.no,
      id,
      reason: why,
      note: '@SUM(1+1)',
      at: NOW - 3 * DAY,
      actor: tenant === own ? ALICE : SYSTEM,
    })
  await settle()
  trust = `log ${(await audit.state()).vkey}\nreport ${desk.key.vkey}\nquorum none`
})

const states = (found: Awaited<ReturnType<typeof verify>>): Record<string, string> =>
  Object.fromEntries(found.outcomes.map(({ check, state }) => [check, state]))
const manifestIn = async (folder: PackFolder): Promise<Omit<PackManifest, 'answers'> & { readonly answers: readonly Shown[] }> =>
  JSON.parse(await textIn(folder, 'report.json'))
interface Shown {
  readonly question: string
  readonly key: string
  readonly file: string | null
  readonly figures: readonly (FigureRule & { readonly value: number | null; readonly of?: number | null })[]
}

describe('a pack', () => {
  test('verifies with the keys that its reader brings, its own export included', async () => {
    const { own, pack } = house()
    const { record, file } = await pack(own, { name: 'access-review', recipient: RECIPIENT, ...WINDOW })
    expect(record).toMatchObject({ state: 'ready', level: 'pseudonymous', requesterNo: 1 })
    const found = await verify(file, trust)
    expect([found.isGood, states(found)]).toEqual([
      true,
      {
        trust: 'holds',
        manifest: 'holds',
        checkpoint: 'holds',
        inclusion: 'holds',
        form: 'holds',
        // the clock of this house jumps by days, so its log does not cover the period to its end
        completeness: 'cannot say',
        disclosure: 'holds',
        figures: 'holds',
      },
    ])
    expect(found.outcomes.find(({ check }) => check === 'manifest')?.says).toMatch(/of the log holds the SHA-256 of report\.json/)
    const [event] = await house().records.read.logInOrder({ tenantNo: own.no, types: ['report.exported'] }, { limit: 1 })
    expect(JSON.parse(Buffer.from(event!.bytes).toString()).shown).toMatchObject({
      digest: record.digest,
      redaction: 'pseudonymous',
      report: 'access-review',
    })
    await withPack(file, async (folder) =>
      expect(
        createHash('sha256')
          .update(await textIn(folder, 'report.json'))
          .digest('hex'),
      ).toBe(record.digest),
    )
  })

  test('of which one byte was changed is refused, wherever it is', async () => {
    const { own, pack, dir } = house()
    const { file } = await pack(own, { name: 'retention', recipient: 'Auditor', ...WINDOW })
    const whole = readFileSync(file)
    const changed = `${dir}/changed.zip`
    const places = Array.from({ length: 48 }, (_, i) => Math.floor((i * whole.length) / 48) + (i % 7))
    for (const place of places) {
      const bytes = Buffer.from(whole)
      bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place)
      writeFileSync(changed, bytes)
      const good = await verify(changed, trust).then(
        (found) => found.isGood,
        () => false,
      )
      expect([place, good]).toEqual([place, false])
    }
    expect((await verify(file, trust)).isGood).toBe(true)
    expect((await verify(file, undefined)).isGood).toBe(false)
  })

  test('made twice of the same is the same, byte by byte, but for the proof of its own export', async () => {
    const { own, pack } = house()
    const wish = { name: 'auditor-iso-27001', recipient: 'Auditor', ...WINDOW }
    const [one, two] = [await pack(own, wish), await pack(own, wish)]
    const contents = (file: string) =>
      withPack(file, async (folder) => {
        const names = [...folder.files.keys()].filter((name) => !name.startsWith('after/'))
        return Promise.all(
          names.map(
            async (name) =>
              [
                name,
                createHash('sha256')
                  .update(await textIn(folder, name))
                  .digest('hex'),
              ] as const,
          ),
        )
      })
    expect(await contents(two.file)).toEqual(await contents(one.file))
    expect(two.record.digest).toBe(one.record.digest)
  })

  test('of a tenant verifies and holds nothing of another', async () => {
    const { own, other, pack } = house()
    const { file } = await pack(other, { name: 'auditor-soc-2', recipient: 'Auditor', ...WINDOW, level: 'identified' })
    const found = await verify(file, trust)
    expect([found.isGood, states(found).completeness]).toEqual([true, 'holds'])
    await withPack(file, async (folder) => {
      const { log, tenant } = await manifestIn(folder)
      expect([log?.scope, tenant]).toEqual(['tenant', other.id])
      for (const name of folder.files.keys()) {
        if (name === 'verify.html') continue
        expect([name, /own\d|HYPERLINK/.exec(await textIn(folder, name))]).toEqual([name, null])
      }
      const entries = (await textIn(folder, 'entries.ndjson'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { tenant: string })
      expect(entries.length).toBeGreaterThan(0)
      expect(new Set(entries.map((entry) => entry.tenant))).toEqual(new Set([other.id]))
      expect(own.id).not.toBe(other.id)
    })
  })

  test('shows by its level: figures alone, rows without names, rows with names', async () => {
    const { own, pack } = house()
    const textOf = async (level: 'aggregate' | 'pseudonymous' | 'identified') => {
      const { file } = await pack(own, { name: 'access-review', recipient: 'Auditor', ...WINDOW, level })
      expect((await verify(file, trust)).isGood).toBe(true)
      return withPack(file, async (folder) => {
        const texts = await Promise.all(
          [...folder.files.keys()].filter((name) => !/\.(pdf|html)$|leaves$/.test(name)).map((name) => textIn(folder, name)),
        )
        return {
          all: texts.join('\n'),
          names: [...folder.files.keys()],
          disclosures: (await textIn(folder, 'disclosures.ndjson')).trimEnd(),
        }
      })
    }
    const [aggregate, pseudonymous, identified] = [
      await textOf('aggregate'),
      await textOf('pseudonymous'),
      await textOf('identified'),
    ]
    expect(aggregate.names.filter((name) => name.startsWith('answers/'))).toEqual([])
    expect([aggregate.all.includes('own1'), aggregate.disclosures]).toEqual([false, ''])
    expect([pseudonymous.all.includes('"own1"'), pseudonymous.all.includes('HYPERLINK')]).toEqual([true, false])
    expect(identified.all).toContain('HYPERLINK')
    expect(identified.disclosures.split('\n').length).toBeGreaterThan(pseudonymous.disclosures.split('\n').length)
  })

  test('holds figures that anyone counts again from its rows and entries', async () => {
    const { own, pack } = house()
    const { file } = await pack(own, { name: 'auditor-nist-800-53', recipient: 'Auditor', ...WINDOW, level: 'identified' })
    await withPack(file, async (folder) => {
      const { answers, questions } = await manifestIn(folder)
      for (const { question, file: rows, figures } of answers) {
        const tally = createTally(figures.map(({ value: _value, of: _of, ...rule }) => rule))
        for (const line of (await textIn(folder, rows ?? '')).split('\n')) if (line !== '') tally.take(JSON.parse(line) as object)
        expect([question, tally.figures()]).toEqual([question, figures])
      }
      const revoked = questions.find(({ name }) => name === 'token-lifecycle')?.figures.find(({ name }) => name === 'revoked')
      expect(revoked).toMatchObject({ source: 'entries', value: 2 })
    })
  })

  test('is signed so that another library verifies it by the published key', async () => {
    const { own, pack, desk } = house()
    const { file } = await pack(own, { name: 'privacy', recipient: 'Auditor', ...WINDOW })
    const [jwk] = desk.key.jwks().keys
    const key = await importJWK(jwk as JWK, 'EdDSA')
    await withPack(file, async (folder) => {
      const payload = Buffer.from(await textIn(folder, 'report.json')).toString('base64url')
      const jws = (await textIn(folder, 'report.json.jws')).replace('..', `.${payload}.`)
      await expect(compactVerify(jws, key)).resolves.toMatchObject({ protectedHeader: { alg: 'EdDSA', kid: jwk?.kid } })
      await expect(compactVerify(jws.replace(payload, `${payload.slice(0, -4)}AAAA`), key)).rejects.toThrow(
        'signature verification failed',
      )
    })
  })
})

describe('the pages', () => {
  const NEVER = /\b(?:passed|complian(?:t|ce)|certified|satisfied|anonym\w*|immutable|tamper-proof|non-repudiation)\b/i

  test('say the sentence, the waiver, the witnesses, the limits, and for whom they are; they claim nothing', async () => {
    const { own, pack } = house()
    const names = PACK_NAMES.filter((name) => !name.startsWith('auditor-') || name === 'auditor-gdpr')
    expect(names.length).toBeGreaterThan(8)
    for (const name of names) {
      const about = name === 'incident' ? { params: { token: 'own1' } } : {}
      const { file } = await pack(own, { name, recipient: RECIPIENT, ...WINDOW, ...about })
      await withPack(file, async (folder) => {
        const html = await textIn(folder, 'report.html')
        for (const said of [
          WHAT_IS_NOT_PROVEN,
          'Without a witness',
          'No witness and no other copy',
          'WAIVED',
          'watermark',
          'completeness',
          'zone',
          'to be kept until',
          'Cannot show',
        ])
          expect([name, html.includes(said.replaceAll("'", '&#39;'))]).toEqual([name, true])
        expect([name, NEVER.exec(html.replaceAll(/<[^>]+>/g, ' '))?.[0]]).toEqual([name, undefined])
        expect(html).not.toMatch(/<script|<img|\son\w+="|https?:\/\//i)
        expect(html).toContain('&lt;img src=x onerror')
        expect(html).toMatch(/Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'/)
        const pdf = await textIn(folder, 'report.pdf')
        for (const mark of ['/StructTreeRoot', '/Marked true', '/Lang (en)', '/DisplayDocTitle true', '/Title'])
          expect([name, mark, pdf.includes(mark)]).toEqual([name, mark, true])
      })
    }
  }, 180_000)

  test('an auditor’s bundle shows each control of its framework with what is missing', async () => {
    const { own, pack } = house()
    const { file } = await pack(own, { name: 'auditor-pci-dss', recipient: 'Auditor', ...WINDOW, level: 'aggregate' })
    await withPack(file, async (folder) => {
      const html = await textIn(folder, 'report.html')
      for (const { id, missing } of FRAMEWORKS['pci-dss'].controls) {
        expect(html).toContain(`<td>${id}</td>`)
        expect(html).toContain(`<td>${missing}</td>`)
      }
    })
  })

  test('CSV keeps no formula, and its rows are those of the NDJSON', async () => {
    const { own, pack } = house()
    const { file } = await pack(own, { name: 'offboarding', recipient: 'Auditor', ...WINDOW, level: 'identified' })
    await withPack(file, async (folder) => {
      const csv = await textIn(folder, 'answers/token-inventory.csv')
      expect(csv).toContain(`"'=HYPERLINK(""1"")"`)
      const [, body = ''] = csv.split('\r\n\r\n')
      const rows = (await textIn(folder, 'answers/token-inventory.ndjson')).trimEnd().split('\n')
      expect(body.trimEnd().split('\r\n')).toHaveLength(rows.length + 1)
    })
  })
})

describe('OSCAL', () => {
  test.each(['auditor-soc-2', 'daily-review'])('results of %s are valid by the schema and hold no finding', async (name) => {
    const { own, pack } = house()
    const { file } = await pack(own, { name, recipient: 'Auditor', ...WINDOW })
    await withPack(file, async (folder) => {
      const results = JSON.parse(await textIn(folder, 'oscal/assessment-results.json'))
      const [result] = results['assessment-results'].results
      const { answers } = await manifestIn(folder)
      expect(result.findings).toBeUndefined()
      expect(result.observations).toHaveLength(answers.reduce((sum, { figures }) => sum + figures.length, 0))
      expect(new Set(result.observations.map(({ uuid }: { uuid: string }) => uuid)).size).toBe(result.observations.length)
      for (const each of result.observations)
        expect(each).toMatchObject({ methods: ['TEST'], collected: new Date(NOW).toISOString() })
      if (!existsSync(SCHEMA))
        return void process.stderr.write(
          'SKIPPED oscal.schema: needs ../shared/vectors; without it OSCAL is not checked by its schema\n',
        )
      const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
      const validate = ajv.compile(JSON.parse(readFileSync(SCHEMA, 'utf8')))
      expect([validate(results), validate.errors]).toEqual([true, null])
    })
  })
})

describe('a sample', () => {
  test('is drawn again by anyone from the pack alone', async () => {
    const { own, pack, audit } = house()
    const { file } = await pack(own, { name: 'token-hygiene', recipient: 'Auditor', ...WINDOW })
    await withPack(file, async (folder) => {
      const phrase = 'the seventh of June, in the afternoon'
      const sample = await drawSample(folder, { question: 'token-inventory', count: 5, phrase })
      // Without our code: the formula of the documentation, over files of the pack.
      const { questions } = await manifestIn(folder)
      const checkpoint = parseProof(await textIn(folder, 'after/proof')).checkpoint.split('\n')
      const params = questions.find(({ name }) => name === 'token-inventory')?.params ?? {}
      const seed = createHash('sha256')
        .update('tokentrail/sample/v1\0')
        .update(Buffer.from(checkpoint[2] ?? '', 'base64'))
        .update('token-inventory\0')
        .update(createHash('sha256').update(JSON.stringify(params)).digest())
        .update(phrase)
        .digest()
      const ids = (await textIn(folder, 'answers/token-inventory.ndjson'))
        .trimEnd()
        .split('\n')
        .map((line) => String(JSON.parse(line).token))
      const rank = (id: string) => createHmac('sha256', seed).update(id).digest('hex')
      expect(ids).toHaveLength(40)
      expect(sample.items.map(({ id }) => id)).toEqual(ids.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, 5))
      expect(sample.population).toMatchObject({ rows: 40 })
      expect(sample.population.entry).toBeLessThan(sample.checkpoint.size)
      const others = await drawSample(folder, { question: 'token-inventory', count: 5, phrase: 'another one' })
      expect(others.items.map(({ id }) => id)).not.toEqual(sample.items.map(({ id }) => id))

      const { vkey, checkpoint: newest } = await audit.state()
      const later = await house().records.read.logNoteFor((await audit.state()).shard, newest?.size ?? 0)
      const by = { question: 'token-inventory', count: 5, phrase }
      expect((await drawSample(folder, { ...by, checkpoint: later?.note ?? '' })).checkpoint.size).toBe(newest?.size)
      const early = await textIn(folder, 'checkpoints/first')
      expect(openCheckpoint(LOG_CRYPTO, early, { logs: [parseKey(LOG_CRYPTO.sha256, vkey)] }).size).toBeGreaterThan(0n)
      await expect(drawSample(folder, { ...by, checkpoint: early })).rejects.toMatchObject({
        code: 'parameter_invalid',
        input: 'checkpoint',
      })
      await expect(drawSample(folder, { ...by, question: 'reviews' })).rejects.toMatchObject({
        code: 'parameter_invalid',
        input: 'question',
      })
    })
  })
})

describe('counted rows', () => {
  const use = (tenant: Tenant, token: TokenRecord, at: number, reason = 1): EventRow => ({
    ...blankEvent(),
    tenant: tenant.no,
    seq: (seq += 1),
    type: TYPES['token.validated'].id,
    outcome: reason === 1 ? 1 : 2,
    reason,
    kind: 1,
    population: 1,
    occurredAt: at,
    tokenNo: token.no,
    ownerNo: token.ownerNo,
    network: 9n,
  })

  test('of a token stand in its pack, each proven through its batch, and are counted again', async () => {
    const { tenant, token, append, pack } = house()
    const t = await tenant()
    const [touched, calm] = [await token(t, { id: 'touched' }), await token(t, { id: 'calm' })]
    await append(t, [
      use(t, touched, NOW - HOUR),
      use(t, calm, NOW - HOUR),
      use(t, touched, NOW - HOUR + 1, 18),
      use(t, touched, NOW - 2 * HOUR),
    ])
    await append(t, [use(t, calm, NOW - HOUR), use(t, touched, NOW - 200 * DAY)])
    // Batches get their entries when they are recorded, which is after the events: the period reaches beyond.
    const { file } = await pack(t, {
      name: 'incident',
      recipient: 'Auditor',
      from: NOW - DAY,
      to: NOW + DAY,
      params: { token: 'touched' },
    })
    const found = await verify(file, trust)
    expect([found.isGood, states(found).inclusion, states(found).figures]).toEqual([true, 'holds', 'holds'])
    await withPack(file, async (folder) => {
      const rows = (await textIn(folder, 'rows.ndjson'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { token_no: number })
      expect(rows.map(({ token_no }) => token_no)).toEqual([touched.no, touched.no, touched.no])
      const { questions } = await manifestIn(folder)
      expect(questions.at(-1)).toMatchObject({
        name: 'uses-of-tokens',
        rows: 3,
        figures: [
          { name: 'accepted', value: 2 },
          { name: 'refused', value: 1 },
        ],
      })
      expect(await textIn(folder, 'rows.ndjson')).not.toContain(`"token_no":${calm.no},`)
    })
  })

  test('a wish for an unknown incident fails, and says what to do', async () => {
    const { own, desk, records } = house()
    const { id } = await desk.request(
      own.no,
      { name: 'incident', recipient: 'x', ...WINDOW, params: { incident: 'inc_none' } },
      null,
      ALICE,
    )
    await desk.settled()
    expect(await records.read.pack(own.no, id)).toMatchObject({
      state: 'failed',
      failure: 'There is no such incident. GET /v1/incidents lists them.',
    })
  })
})

describe('the desk', () => {
  test('refuses what it does not offer', () => {
    const { desk } = house()
    const plan = (wish: object) => () => desk.plan({ name: 'retention', recipient: 'x', ...wish })
    expect(plan({ name: 'everything' })).toThrow(expect.objectContaining({ code: 'not_found', input: 'pack' }))
    expect(plan({ name: 'incident' })).toThrow(expect.objectContaining({ code: 'parameter_invalid', input: 'params' }))
    expect(plan({ recipient: ' ' })).toThrow(expect.objectContaining({ code: 'parameter_invalid', input: 'recipient' }))
    expect(plan({ params: { days: 3 } })).toThrow(expect.objectContaining({ code: 'parameter_invalid', input: 'days' }))
    expect(plan({ expiresAt: NOW - 1 })).toThrow(expect.objectContaining({ code: 'time_invalid', input: 'expiresAt' }))
    expect(plan({ from: NOW, to: NOW - 1 })).toThrow(expect.objectContaining({ code: 'time_invalid' }))
  })

  test('removes packs with rows when a person was erased, who may be in them', async () => {
    const { other, records, pack, desk } = house()
    const rows = await pack(other, { name: 'offboarding', recipient: 'x', ...WINDOW })
    const figures = await pack(other, { name: 'offboarding', recipient: 'x', ...WINDOW, level: 'aggregate' })
    await desk.forget(other.no)
    expect([existsSync(rows.file), existsSync(figures.file)]).toEqual([false, true])
    expect(await records.read.pack(other.no, rows.record.id)).toMatchObject({ state: 'lapsed', digest: rows.record.digest })
  })

  test('drops files whose time is over, and keeps their digest', async () => {
    const { own, records, pack, desk } = house()
    const { record, file } = await pack(own, { name: 'retention', recipient: 'x', ...WINDOW, expiresAt: NOW + HOUR })
    expect(existsSync(file)).toBe(true)
    await records.act('lapsePacks', { at: NOW + HOUR, makingBefore: 0 })
    const lapsed = await records.read.pack(own.no, record.id)
    expect(lapsed).toMatchObject({ state: 'lapsed', digest: record.digest })
    await expect(desk.open(lapsed!)).rejects.toMatchObject({ code: 'not_found' })
  })
})
