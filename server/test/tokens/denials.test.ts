import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TYPES } from 'tokentrail'
import { systemClock } from '../../src/clock.ts'
import { openRecords } from '../../src/records/open.ts'
import { nodeArguments } from '../../src/runtime.ts'
import { openDenials, type Denials } from '../../src/tokens/denials.ts'
import { DENIALS_MAX, appendDenial, newDenial, readDenials, rewriteDenials } from '../../src/tokens/denied-file.ts'
import { startReconciling } from '../../src/tokens/reconcile.ts'
import { temporaryFolder } from '../store/support.ts'
import { openGate, silentLog, type Gate } from './support.ts'
import type { Records } from '../../src/records/records.ts'
import type { Door } from '../../src/tokens/door.ts'

const BY = { kind: 'person', no: 7 } as const
let [gate, folder, file, denials, door]: [Gate, string, string, Denials, Door] = [] as never

beforeEach(async () => {
  gate = await openGate()
  folder = temporaryFolder(() => undefined)
  file = join(folder, 'denied')
  denials = openDenials({ file, clock: gate.clock, log: silentLog })
  door = gate.anotherDoor({ denials })
})
afterEach(async () => {
  denials.close()
  await gate.close()
  rmSync(folder, { recursive: true, force: true })
})

const reasonOf = async (token: string, at: Door = door): Promise<string> =>
  (await at.validate({ tenantNo: gate.own.no, token })).reason
const reconcile = (records: Pick<Records, 'act'> = gate.records) =>
  startReconciling({ denials, records, installTenantNo: gate.own.no, clock: gate.clock, log: silentLog })
const emergencies = async () =>
  (await gate.rows()).filter(({ type }) => type === TYPES['token.suspended'].id).map(({ detail }) => JSON.parse(detail))

test('a denied token is refused from the very next validation, as one that is suspended, and no other', async () => {
  const [one, other] = [await gate.issue(), await gate.issue()]
  expect(await reasonOf(one.token)).toBe('valid')
  denials.add(one.record.id, { tenantNo: gate.own.no, by: BY })
  expect(await reasonOf(one.token)).toBe('suspended')
  expect(door.judge({ tenantNo: gate.own.no, token: one.token })).toMatchObject({ answer: 'invalid' })
  expect(await reasonOf(other.token)).toBe('valid')
})

test('a single-use token that is denied is not consumed', async () => {
  const action = await gate.issue({ kind: 'action', action: 'reset' })
  denials.add(action.record.id, { tenantNo: gate.own.no, by: BY })
  const answer = await door.validate({ tenantNo: gate.own.no, token: action.token, action: 'reset' })
  expect(answer.reason).toBe('suspended')
  expect(await gate.records.read.token(gate.own.no, action.record.id)).toMatchObject({ endedAt: null })
})

test('a denial of one tenant does not reach the token of the same id of another', () => {
  denials.add('shared', { tenantNo: gate.own.no, by: BY })
  expect(denials.denies(gate.own.no, 'shared')).toBe(true)
  expect(denials.denies(gate.other.no, 'shared')).toBe(false)
})

test('it holds while records cannot be written, survives the process, and enters records once when they can', async () => {
  const { token, record } = await gate.issue()
  const down = { act: () => Promise.reject(new Error('disk full')) } as unknown as Records
  const failing = reconcile(down)
  denials.add(record.id, { tenantNo: gate.own.no, by: BY })
  await expect(failing.run()).rejects.toThrow('disk full')
  await failing.close()
  const restarted = openDenials({ file, clock: gate.clock, log: silentLog })
  expect(await reasonOf(token, gate.anotherDoor({ denials: restarted }))).toBe('suspended')
  restarted.close()

  const back = reconcile()
  await back.run()
  await back.close()
  expect(readFileSync(file, 'utf8')).toBe('')
  expect(await gate.records.read.token(gate.own.no, record.id)).toMatchObject({
    suspendedAt: gate.clock.now(),
    suspendedUntil: null,
  })
  expect(await reasonOf(token)).toBe('suspended')
  expect(await emergencies()).toEqual([{ until: null, emergency: true, deniedAt: gate.clock.now() }])
})

test('a line that somebody writes by hand is taken, also without anything but the id', async () => {
  const { token, record } = await gate.issue()
  expect(await reasonOf(token)).toBe('valid')
  appendFileSync(file, `# stolen laptop\n${record.id}\n`)
  await vi.waitFor(async () => expect(await reasonOf(token)).toBe('suspended'))
  expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`^${record.id} tenant=\\* at=\\S+ by=person:0 key=\\S+\n$`))
  const back = reconcile()
  await back.run()
  await back.close()
  expect(await emergencies()).toHaveLength(1)
})

test('a suspension can be lifted afterwards, and the same token be denied again: each time is told', async () => {
  const { token, record } = await gate.issue()
  for (let round = 1; round <= 2; round++) {
    const back = reconcile()
    denials.add(record.id, { tenantNo: gate.own.no, by: BY })
    await back.run()
    await back.close()
    expect(await emergencies()).toHaveLength(round)
    await gate.issuer.resume({ tenantNo: gate.own.no, actor: BY, id: record.id })
    expect(await reasonOf(token)).toBe('valid')
  }
})

test('an id that nobody has, and a token that has ended, are told as well', async () => {
  const { record } = await gate.issue()
  await gate.issuer.revoke({ tenantNo: gate.own.no, actor: BY, id: record.id })
  for (const id of ['nobody knows %20 this', record.id]) denials.add(id, { tenantNo: gate.own.no, by: BY })
  const back = reconcile()
  await back.run()
  await back.close()
  expect(await emergencies()).toMatchObject([
    { emergency: true, known: false, token: 'nobody knows %20 this' },
    { emergency: true },
  ])
  expect(await gate.records.read.token(gate.own.no, record.id)).toMatchObject({ ending: 'revoked', suspendedAt: null })
  expect(denials.list()).toEqual([])
})

test('what cannot be written is in force until the process ends, and says so', async () => {
  const { token, record } = await gate.issue()
  mkdirSync(file)
  expect(() => denials.add(record.id, { tenantNo: gate.own.no, by: BY })).toThrow('EISDIR')
  expect(await reasonOf(token)).toBe('suspended')
})

test('the file is bounded, and a line written while it is rewritten is not lost', () => {
  const denial = newDenial('a', { tenantNo: null, at: 0, by: BY })
  writeFileSync(file, '#'.repeat(DENIALS_MAX * 1024))
  expect(() => appendDenial(file, denial)).toThrow(expect.objectContaining({ code: 'too_many_items' }))
  rmSync(file)
  appendDenial(file, denial)
  rewriteDenials(
    file,
    () => {
      appendDenial(file, newDenial('late', { tenantNo: null, at: 0, by: BY }))
      return false
    },
    0,
  )
  expect(readDenials(file, 0).denials.map(({ tokenId }) => tokenId)).toEqual(['late'])
})

test('killed again and again, each denial that was on disk enters records once', { timeout: 60_000 }, async () => {
  const recordsFile = join(folder, 'records.sqlite')
  const open = () => openRecords({ file: recordsFile, clock: systemClock, log: silentLog })
  let records = await open()
  const tenant = await records.act('addTenant', { name: 'K', at: 1, actor: BY })
  await records.close()
  let said = 0
  for (let kill = 0; kill < 6; kill++) {
    const child = fileURLToPath(new URL('./deny-child.ts', import.meta.url))
    const running = spawn(process.execPath, [...nodeArguments, child, recordsFile, file, String(tenant.no)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(running, 'exit')
    let now = 0
    for await (const chunk of running.stdout) {
      now += (chunk as Buffer).length
      if (now > 10 + kill * 7) running.kill('SIGKILL')
    }
    await exited
    said += now
  }
  records = await open()
  const left = openDenials({ file, clock: systemClock, log: silentLog })
  const back = startReconciling({ denials: left, records, installTenantNo: tenant.no, clock: systemClock, log: silentLog })
  await back.run()
  await back.close()
  left.close()
  const told = (await records.outbox(10_000)).filter(({ event }) => event.type === TYPES['token.suspended'].id)
  await records.close()
  expect(existsSync(`${file}.new`)).toBe(false)
  // A kill may come between the line and the dot that tells of it.
  expect(told.length).toBeGreaterThanOrEqual(said)
  expect(told.length).toBeLessThanOrEqual(said + 6)
})

test('a validation whose record is lost is answered, and refused where validation is strict', async () => {
  const { token } = await gate.issue()
  const strict = gate.anotherDoor({ strict: true })
  expect(await reasonOf(token, strict)).toBe('valid')
  await gate.journal.close()
  expect(await gate.validate(token)).toMatchObject({ verdict: 'accepted' })
  expect(await strict.validate({ tenantNo: gate.own.no, token })).toMatchObject({
    verdict: 'rejected',
    answer: 'unavailable',
    token: null,
    unrecorded: true,
  })
})
