/**
 * Tampering is seen: mutants of a large log, every byte of a small pack, packs in the page, and the independent program.
 * `npm run proof -- tamper [--mutants N] [--entries N] [--large N] [--pages N] [--seed N]`
 */
import { parseArgs } from 'node:util'
import { join } from 'node:path'
import { readTrust, type Outcome } from 'tokentrail/verify'
import { chromium } from 'playwright-core'
import { CRYPTO } from '../../dashboard/verify/platform.ts'
import { LOG_CRYPTO } from '../../server/src/audit/crypto.ts'
import { verifyLog } from '../../server/src/audit/verify/verify-log.ts'
import { hasGo, openIndependent, type Independent } from '../../server/test/audit/verify/independent.ts'
import { drawFrom, restore, WAYS, type Target, type WayName } from '../../test/whole/log-mutants.ts'
import { filledEntry, madeNote, madeSigner, makeLog, ORIGIN } from '../../test/whole/made-log.ts'
import { makePack, READER, zipOf } from '../../test/whole/made-pack.ts'
import { temporaryFolder } from '../../test/whole/running-server.ts'
import { verifyZip } from '../../test/whole/verify-zip.ts'
import { machineFacts } from './machine.ts'

const { values } = parseArgs({
  options: {
    mutants: { type: 'string', default: '10000' },
    entries: { type: 'string', default: '2600' },
    large: { type: 'string', default: '100' },
    pages: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
})
const key = madeSigner(ORIGIN).vkey
const trust = readTrust(LOG_CRYPTO, key)
const NAMES = Object.keys(WAYS) as WayName[]
/** Two and a half blocks, so that there are tiles of three levels, full and partial ones. */
const LARGE_ENTRIES = 2 * 65_536 + 33_001

interface Tally {
  readonly entries: number
  mutants: number
  found: number
  named: number
  /** Asked of the independent program, and refused by it. */
  asked: number
  refused: number
  /** What a verifier would miss that leaves this check out: the planted control. */
  readonly missedWithout: Record<string, number>
  readonly byWay: Record<string, number>
  readonly escaped: object[]
}

const machine = machineFacts()
const startedAt = Date.now()
const folder = temporaryFolder()
const go = hasGo() ? openIndependent(['-key', key]) : undefined
try {
  const small = await tamper(Number(values.entries), Number(values.mutants) - Number(values.large))
  const large = await tamper(LARGE_ENTRIES, Number(values.large))
  const bytes = await everyByte()
  const pages = await inThePage(Number(values.pages))
  const logs = [small, large]
  const isFound = logs.every((each) => each.found === each.mutants && each.named === each.mutants && each.refused === each.asked)
  const isControlled = ['inclusion', 'checkpoint'].every((check) =>
    logs.some(({ missedWithout }) => (missedWithout[check] ?? 0) > 0),
  )
  const status =
    isFound && isControlled && bytes.harmless.length + bytes.harmlessInPage.length + pages.escaped.length === 0 ? 'pass' : 'fail'
  const promise = 'a log or a pack in which anything was changed is refused, and the first leaf that is wrong is named'
  const independent = go ? 'asked' : 'SKIPPED audit.independent: needs go; without it "others can verify" is unproven here'
  process.stdout.write(
    `${JSON.stringify({ suite: 'tamper', promise, status, startedAt, durationMs: Date.now() - startedAt, machine, seed: values.seed, independent, logs, bytes, pages })}\n`,
  )
  process.exitCode = status === 'pass' ? 0 : 1
} finally {
  go?.close()
  folder.remove()
}

async function tamper(entries: number, mutants: number): Promise<Tally> {
  const tally: Tally = {
    entries,
    mutants: 0,
    found: 0,
    named: 0,
    asked: 0,
    refused: 0,
    missedWithout: {},
    byWay: {},
    escaped: [],
  }
  const target = await targetOf(entries)
  const draw = drawFrom(Number(values.seed))
  for (let at = 0; at < mutants; at++) {
    await attack(target, NAMES[at % NAMES.length] ?? 'flip in a bundle', { draw, tally, go })
    if (at % 1000 === 999) process.stderr.write(`${at + 1} of ${mutants} mutants of ${entries} entries\n`)
  }
  return tally
}

async function attack(
  target: Target,
  way: WayName,
  { draw, tally, go: program }: { draw: ReturnType<typeof drawFrom>; tally: Tally; go: Independent | undefined },
): Promise<void> {
  const mutant = await WAYS[way](target, draw)
  const { outcomes, isGood } = await verifyLog({
    directory: target.directory,
    trust,
    older: [target.notes.get(target.size) ?? ''],
    threads: 1,
  })
  // an honest older checkpoint is in order for a program that was given no newer one
  const answer = way === 'roll back' ? undefined : await program?.ask(target.directory)
  restore(target, mutant)
  const failed = outcomes.filter(({ state }) => state === 'fails')
  const isNamed = failed.some(({ first }) => first?.index === mutant.index)
  tally.mutants += 1
  tally.byWay[way] = (tally.byWay[way] ?? 0) + 1
  if (!isGood) tally.found += 1
  if (isNamed) tally.named += 1
  if (answer !== undefined) tally.asked += 1
  if (answer?.startsWith('BAD')) tally.refused += 1
  if (isGood || !isNamed || answer?.startsWith('ok'))
    tally.escaped.push({ ...mutant, failed: failed.map(({ check, first }) => ({ check, ...first })), answer })
  for (const check of onlyFoundBy(failed)) tally.missedWithout[check] = (tally.missedWithout[check] ?? 0) + 1
}

function onlyFoundBy(failed: readonly Outcome[]): readonly string[] {
  const checks = new Set(failed.map(({ check }) => check))
  return checks.size === 1 ? [...checks] : []
}

async function targetOf(entries: number): Promise<Target> {
  const directory = join(folder.path, String(entries))
  const roots = new Map<number, Uint8Array>()
  await makeLog(directory, entries, { entry: filledEntry, onRoot: (size, root) => void roots.set(size, root) })
  const notes = new Map<number, string>()
  for (const [size, root] of roots) notes.set(size, await madeNote({ size, root }))
  return { directory, size: entries, notes }
}

/** Every byte of a small pack, under the platform's cryptography and under the page's. */
async function everyByte(): Promise<{ bytes: number; harmless: number[]; harmlessInPage: number[]; inPage: number }> {
  const zip = Buffer.from(await zipOf(await makePack({ scope: 'range', first: 50, last: 54 })))
  const [harmless, harmlessInPage]: [number[], number[]] = [[], []]
  let inPage = 0
  for (let at = 0; at < zip.length; at++) {
    const flipped = Buffer.from(zip)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
    if ((await verifyZip(flipped, READER)).isGood) harmless.push(at)
    if (at % 4 !== 0) continue
    inPage += 1
    if ((await verifyZip(flipped, READER, CRYPTO)).isGood) harmlessInPage.push(at)
  }
  return { bytes: zip.length, harmless, harmlessInPage, inPage }
}

/** A sample in the built page itself, in a browser. */
async function inThePage(count: number): Promise<{ tried: number; escaped: number[] }> {
  const zip = Buffer.from(await zipOf(await makePack({ scope: 'range', first: 50, last: 54 })))
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  })
  const page = await browser.newPage()
  await page.goto(new URL('../../dashboard/dist/verify.html', import.meta.url).href)
  await page.fill('#keys', READER)
  const escaped: number[] = []
  const verdict = async (buffer: Buffer): Promise<string> => {
    await page.locator('#result').evaluate((result) => result.replaceChildren())
    await page.setInputFiles('#file', { name: 'pack.zip', mimeType: 'application/zip', buffer })
    return (await page.locator('#verdict').textContent()) ?? ''
  }
  if (!(await verdict(zip)).startsWith('It holds')) escaped.push(-1)
  for (let i = 0; i < count; i++) {
    const at = Math.floor((i * zip.length) / count)
    const flipped = Buffer.from(zip)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (i % 8))
    if (!(await verdict(flipped)).startsWith('Refused')) escaped.push(at)
  }
  await browser.close()
  return { tried: count, escaped }
}
