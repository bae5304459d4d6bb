import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatKey, parseKey } from 'tokentrail/log'
import { afterAll, expect, test } from 'vitest'
import { LOG_CRYPTO } from '../../../src/audit/crypto.ts'
import { nodeArguments } from '../../../src/runtime.ts'
import { newFolder, newLog } from './support.ts'

const CLI = fileURLToPath(new URL('../../../src/cli/cli.ts', import.meta.url))
const folder = newFolder()
afterAll(() => folder.remove())
const log = newLog(folder.path)
const config = join(folder.path, 'witness.json')
const data = join(folder.path, 'data')

async function start() {
  const child = spawn(
    process.execPath,
    [...nodeArguments, CLI, 'witness', '--config', config, '--data', data, '--port', '0', '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, ready: JSON.parse(line) as { url: string; name: string; vkey: string; logs: string[] } }
}

test('tokentrail witness says where it listens, keeps its key and what it saw, and stops on a signal', async () => {
  writeFileSync(config, JSON.stringify({ name: 'witness.example/cli', logs: [formatKey(log.key)] }))
  const first = await start()
  expect(first.ready).toMatchObject({ name: 'witness.example/cli', logs: [log.key.name] })
  expect(parseKey(LOG_CRYPTO.sha256, first.ready.vkey).type).toBe(4)
  const cosigned = await fetch(`${first.ready.url}/add-checkpoint`, { method: 'POST', body: await log.body(0, 5) })
  expect([cosigned.status, await cosigned.text()]).toEqual([200, expect.stringMatching(/^— witness\.example\/cli \S+\n$/)])
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')

  const second = await start()
  expect(second.ready.vkey).toBe(first.ready.vkey)
  const conflict = await fetch(`${second.ready.url}/add-checkpoint`, { method: 'POST', body: await log.body(0, 7) })
  expect([conflict.status, await conflict.text()]).toEqual([409, '5\n'])
  second.child.kill('SIGTERM')
  expect(await once(second.child, 'exit')).toEqual([0, null])
})

test('a configuration that is not accepted ends it with exit code 2 and says why', async () => {
  writeFileSync(config, JSON.stringify({ name: 'witness.example/cli', logs: [formatKey(log.key), formatKey(log.key)] }))
  const run = promisify(execFile)(process.execPath, [
    ...nodeArguments,
    CLI,
    'witness',
    '--config',
    config,
    '--data',
    data,
    '--port',
    '0',
  ])
  await expect(run).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/two keys have the origin log\.example\/2026/) as string,
  })
})
