import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, expect, it, vi } from 'vitest'
import { nodeArguments } from '../../src/runtime.ts'
import type { Call } from '../../src/records/act.ts'
import { startThread } from '../../src/records/sqlite-thread.ts'
import { ADMIN, collectingLog, NOW } from './fixture.ts'

const dir = mkdtempSync(join(tmpdir(), 'tokentrail-thread-'))
afterAll(() => rmSync(dir, { recursive: true }))

it('starts a writer that died again, rejects what it had not answered, and keeps what it had', async () => {
  const workers: Worker[] = []
  const log = collectingLog()
  const start = () => {
    const script = new URL('../../src/records/sqlite-writer.ts', import.meta.url)
    const worker = new Worker(script, { workerData: { file: join(dir, 'records.db'), at: NOW }, execArgv: [...nodeArguments] })
    workers.push(worker)
    return worker
  }
  const thread = await startThread<Call, object>({ name: 'the writer', start, log })
  const add = (id: string) => thread.call({ name: 'addTenant', params: { name: 'Acme', id, at: NOW, actor: ADMIN } })
  const before = await add('t_before')
  const terminated = workers[0]!.terminate()
  await expect(add('t_lost')).rejects.toMatchObject({ code: 'records_unavailable' })
  await terminated
  expect(await vi.waitFor(() => add('t_before'), 10_000)).toEqual(before)
  expect(workers).toHaveLength(2)
  expect(log.lines).toEqual(['the writer was started again {}'])
  await thread.close()
  await expect(add('t_late')).rejects.toMatchObject({ code: 'records_unavailable' })
})
