import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { COMMAND, runCommand, startServer, temporaryFolder } from './running-server.ts'
import type { Ran, RunningServer } from './running-server.ts'

const PATIENCE = { timeout: 60_000, interval: 200 }

interface Made {
  readonly id: string
  readonly token: string
}

/** A server over a folder of its own, and what is asked of it. */
async function openHouse(options: readonly string[] = []) {
  const folder = temporaryFolder()
  onTestFinished(() => folder.remove())
  const data = join(folder.path, 'data')
  const running: { server?: RunningServer } = {}
  onTestFinished(async () => running.server?.kill())
  const server = (): RunningServer => running.server ?? missing('server')
  const as = (token: string) => ({ TOKENTRAIL_URL: server().url, TOKENTRAIL_TOKEN: token })
  const start = async (more: readonly string[] = options) => void (running.server = await startServer(data, more))
  await start()

  return {
    folder: folder.path,
    data,
    server,
    start,
    run: (...args: string[]): Promise<Ran> => runCommand(args, as(server().adminToken)),
    async stop() {
      expect(await server().stop()).toBe(0)
      delete running.server
    },
    async issue(more: object = {}): Promise<Made> {
      const { body, status } = await server().call<Made>('POST', '/v1/tokens', { owner: 'svc', ...more })
      expect(status).toBe(201)
      return body
    },
    async shown(id: string) {
      return (await server().call<{ readonly state: string; readonly endingReason: string | null }>('GET', `/v1/tokens/${id}`))
        .body
    },
    /** Entries of a type, newest first. */
    async entries(type: string) {
      const { stdout, stderr } = await runCommand(
        ['audit', 'entries', '--install', '--type', type, '--json'],
        as(server().adminToken),
      )
      expect(stderr).toBe('')
      return (JSON.parse(stdout) as { items: { entry: Readonly<Record<string, unknown>> }[] }).items.map(({ entry }) => entry)
    },
    /** How the one witness stands. */
    async anchor() {
      const { body } = await server().call<{ anchors: { size: number | null }[] }>('GET', '/v1/audit')
      return body.anchors[0] ?? missing('witness')
    },
    /** Records, store and log agree but for these checks, and the new shard verifies where it lies. */
    async whole(failing: readonly string[] = []) {
      const key = readFileSync(join(data, 'audit', 'log.vkey'), 'utf8').trim()
      expect(key).toMatch(/^tokentrail\.[0-9a-f]+\/\d{4}-2\+/)
      expect(await runCommand(['verify', join(data, 'audit'), '--key', key])).toMatchObject({ exitCode: 0 })
      const { stdout } = await runCommand(['audit', 'reconcile', '--json'], as(server().adminToken))
      const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string }[] }
      expect(checks.filter(({ state }) => state === 'fails').map(({ name }) => name)).toEqual(failing)
    },
    /** Everything so far is under the checkpoint that is published. */
    async published(): Promise<number> {
      const ask = async () =>
        (await server().call<{ size: number; waiting: number; checkpoint: { size: number } | null }>('GET', '/v1/audit')).body
      await vi.waitFor(async () => {
        const { size, waiting, checkpoint } = await ask()
        expect([waiting, checkpoint?.size]).toEqual([0, size])
      }, PATIENCE)
      return (await ask()).size
    },
  }
}

function missing(what: string): never {
  throw new Error(`there is no ${what}`)
}

/** A witness as somebody else runs it: a process of its own that watches one log. */
async function openWitness(folder: string, vkey: string): Promise<{ readonly config: string }> {
  const at = (name: string) => join(folder, name)
  writeFileSync(at('witness.json'), JSON.stringify({ name: 'witness.example/1', logs: [vkey] }))
  const args = ['witness', '--config', at('witness.json'), '--data', at('witness'), '--port', '0', '--json']
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const { url, vkey: key } = JSON.parse(line) as { url: string; vkey: string }
    writeFileSync(at('audit.json'), JSON.stringify({ witnesses: [{ vkey: key, url, everySeconds: 1 }] }), { mode: 0o600 })
    return { config: at('audit.json') }
  }
  throw new Error('the witness did not start')
}

/** Takes the checkpoint of its last entries out of a backup: it was made after they were given their place, and before that was signed. */
function unsign(file: string): void {
  const records = new DatabaseSync(file)
  const { changes } = records.prepare('DELETE FROM log_signed WHERE size = (SELECT max(size) FROM log_signed)').run()
  records.close()
  expect(Number(changes)).toBe(1)
}

test('--reissue: where entries are lost, older tokens end, and the log goes on', { timeout: 240_000 }, async () => {
  const house = await openHouse()
  const [access, revoked, denied] = [await house.issue(), await house.issue(), await house.issue()]
  const action = await house.issue({ kind: 'action', action: 'reset' })
  await house.published()
  expect((await house.run('restore')).stderr).toContain('not halted')
  await house.stop()
  cpSync(join(house.data, 'records.sqlite'), join(house.folder, 'backup.sqlite'))
  unsign(join(house.folder, 'backup.sqlite'))

  await house.start()
  expect(await house.run('token', 'revoke', revoked.id, '--reason', 'leaked')).toMatchObject({ exitCode: 0 })
  const late = await house.issue()
  await house.published()
  await house.stop()
  for (const end of ['-wal', '-shm']) rmSync(join(house.data, `records.sqlite${end}`), { force: true })
  cpSync(join(house.folder, 'backup.sqlite'), join(house.data, 'records.sqlite'))
  const bundles = join(house.data, 'audit', 'tile', 'entries')
  for (const name of readdirSync(bundles)) rmSync(join(bundles, name), { recursive: true })

  await house.start()
  const restore = (...args: string[]) => house.run('restore', ...args)
  const seen = await restore()
  expect(seen.stdout).toMatch(
    /the checkpoint that is published here names size \d+ [^]* 0 of them can be read\n[^]*--reissue or --accept-loss/,
  )
  expect((await restore('--recover', '--reissue')).exitCode).toBe(2)
  expect((await restore('--recover', '--ticket', 'T-1', '--reissue', '--accept-loss')).exitCode).toBe(2)
  expect((await restore('--json')).exitCode).toBe(0)
  expect((await house.server().call('POST', `/v1/tokens/${denied.id}/deny`)).status).toBe(202)
  expect((await house.server().call('POST', '/v1/validate', { token: access.token })).body).not.toMatchObject({ valid: true })

  const recover = (...more: string[]) => restore('--recover', '--ticket', 'T-1', ...more)
  expect(await recover()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('recovery_incomplete') })
  const done = await recover('--reissue')
  expect(done).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/1 tokens ended again, \d must be issued anew\nThe log goes on in \d{4}-2 /),
  })

  expect(await house.shown(revoked.id)).toMatchObject({ state: 'revoked', endingReason: 'leaked' })
  expect(await house.shown(access.id)).toMatchObject({ state: 'suspended' })
  expect(await house.shown(action.id)).toMatchObject({ state: 'revoked', endingReason: 'policy' })
  expect((await house.server().call('GET', `/v1/tokens/${late.id}`)).status).toBe(404)
  await house.published()
  await vi.waitFor(
    async () => expect(await house.entries('token.suspended')).toMatchObject([{ shown: { emergency: true } }]),
    PATIENCE,
  )
  expect(await house.entries('log.recovered')).toMatchObject([
    { shown: { choice: 'reissue', ticket: 'T-1', applied: 1, lost: { read: 0 } } },
  ])
  // the bundles that were lost stay lost
  await house.whole(['log'])
  await house.stop()
  await house.start()
  expect((await house.run('audit', 'status')).stdout).toMatch(/✓ [^]*-2, /)
})

test('--accept-loss: where only a witness knows what was lost, older tokens live', { timeout: 240_000 }, async () => {
  const house = await openHouse()
  const [access, revoked] = [await house.issue(), await house.issue()]
  await house.published()
  await house.stop()
  const { config } = await openWitness(house.folder, readFileSync(join(house.data, 'audit', 'log.vkey'), 'utf8').trim())
  cpSync(house.data, join(house.folder, 'backup'), { recursive: true })

  await house.start(['--audit-config', config])
  expect((await house.run('token', 'revoke', revoked.id, '--reason', 'leaked')).exitCode).toBe(0)
  const size = await house.published()
  await vi.waitFor(async () => expect((await house.anchor()).size).toBeGreaterThanOrEqual(size), PATIENCE)
  await house.stop()
  rmSync(house.data, { recursive: true })
  cpSync(join(house.folder, 'backup'), house.data, { recursive: true })
  unsign(join(house.data, 'records.sqlite'))

  await house.start(['--audit-config', config])
  expect((await house.run('restore')).stdout).toContain('The witness witness.example/1 has seen size')
  const incomplete = await house.run('restore', '--recover', '--ticket', 'T-2')
  expect(incomplete).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('recovery_incomplete') })
  const done = await house.run('restore', '--recover', '--ticket', 'T-2', '--accept-loss')
  expect(done).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('0 tokens ended again, 0 must be issued anew') })
  for (const { id } of [access, revoked]) expect(await house.shown(id)).toMatchObject({ state: 'active' })
  await house.published()
  expect(await house.entries('log.recovered')).toMatchObject([{ shown: { choice: 'accept_loss', ticket: 'T-2', applied: 0 } }])
  await house.whole()
})
