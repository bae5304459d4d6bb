import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { runDetect } from '../../../src/cli/detect.ts'
import { DAY, HOUR, SECOND, SMALL, START } from '../entity/events.ts'

const later = START + 10 * DAY

/** Ten days of one token, then a guesser, a stolen token and a replay. */
function lines(): string {
  const uses = Array.from({ length: 240 }, (_, i) => ({
    at: START + i * HOUR,
    outcome: 'accepted',
    token: 'tok_a',
    owner: 'ann',
    ip: '192.0.2.1',
    userAgent: 'curl/8',
  }))
  const guesses = Array.from({ length: 30 }, (_, i) => ({
    at: new Date(later + i * SECOND).toISOString(),
    outcome: 'rejected',
    reason: 'unknown',
    credential: (i + 1).toString(16).padStart(2, '0').repeat(32),
    ip: '198.51.100.7',
    userAgent: 'Go-http-client/2.0',
  }))
  const hit = {
    id: 'evt_3_7',
    at: later + HOUR,
    outcome: 'accepted',
    token: 'tok_a',
    owner: 'ann',
    ip: '198.51.100.7',
    userAgent: 'Go-http-client/2.0',
  }
  const replay = {
    at: later + HOUR,
    outcome: 'rejected',
    reason: 'consumed',
    kind: 'action',
    token: 'act_b',
    owner: 'bob',
    ip: '198.51.100.9',
  }
  return [...uses, ...guesses, hit, replay].map((line) => JSON.stringify(line)).join('\n')
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tokentrail-file-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function detect(text: string | Uint8Array, name = 'events.ndjson') {
  const at = folder()
  writeFileSync(join(at, name), text)
  const summary = await runDetect({ in: join(at, name), out: join(at, 'found.ndjson'), limits: SMALL })
  const out = readFileSync(join(at, 'found.ndjson'), 'utf8')
  return {
    summary,
    out,
    found: out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

test('a file of events gives findings with public ids, sentences and the events’ own ids', async () => {
  const { summary, found } = await detect(lines())
  expect(summary).toEqual({ events: 272, rejected: 0, findings: found.length, reasons: [] })
  expect(found.find(({ detector }) => detector === 'guess-then-hit')).toMatchObject({
    severity: 'critical',
    subject: { kind: 'token', key: 'tok_a' },
    detectedAt: new Date(later + HOUR).toISOString(),
    facts: { token: { as: 'token', value: 'tok_a' }, owner: { as: 'owner', value: 'ann' }, failures: { value: 30 } },
    evidence: [...['266', '267', '268', '269', '270'].map((line) => `line:${line}`), 'evt_3_7'],
  })
  expect(String(found.find(({ detector }) => detector === 'replay')?.['sentence'])).toContain('act_b')
})

test('the same file, packed or not, gives the same findings to the byte', async () => {
  expect((await detect(gzipSync(lines()), 'events.ndjson.gz')).out).toBe((await detect(lines())).out)
})

test('a line that is no event costs no other, and is counted with its reason; a field that nobody knows costs only itself', async () => {
  const { summary } = await detect(`{"at":"yesterday"}\nnot json\n${lines()}\n{"at":${START},"outcome":"accepted","nonsense":1}`)
  expect(summary).toMatchObject({ events: 273, rejected: 2 })
  expect(summary.reasons).toHaveLength(2)
  expect(summary.reasons[0]).toMatch(/^record 1: /)
})
