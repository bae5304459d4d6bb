import { describe, expect, it } from 'vitest'
import type { LogShard, LogStep } from '../../src/records/audit.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, issue, NOW } from './fixture.ts'

const ROOT = (byte: number) => new Uint8Array(32).fill(byte)

/** Each test works on the open shard as it stands, for the log is one. */
export function describeAudit(open: Open): void {
  const shardNow = async (): Promise<LogShard> => {
    const shard = { name: '2026', origin: 'tokentrail.test/2026', vkey: 'key-2026', epoch: 1, previous: null }
    await open().act('openShard', { shard, at: NOW })
    return (await open().read.logShards()).find(({ closedAt }) => closedAt === null)!
  }
  const stepFrom = (shard: LogShard, ids: readonly string[], more: Partial<LogStep> = {}): LogStep => ({
    shard: shard.name,
    epoch: shard.epoch,
    from: shard.head,
    to: { size: shard.head.size + ids.length, root: ROOT(shard.head.size + ids.length), edge: ROOT(1) },
    entries: ids.map((id, at) => ({
      index: shard.head.size + at,
      id,
      tenantNo: 0,
      n: shard.head.size + at + 1,
      type: 'log.heartbeat',
      at: NOW,
      bytes: new TextEncoder().encode(id),
    })),
    sealed: [],
    taken: [],
    at: NOW,
    ...more,
  })
  const item = (id: string) => ({ id, form: 'log', tenantNo: 0, at: NOW, body: '{}' }) as const

  describe('the audit log', () => {
    it('has one open shard, also when several servers open their first at once', async () => {
      await open().act('nameInstall', { id: 'an-install' })
      const shard = { origin: 'tokentrail.test/2026', vkey: 'key-2026', epoch: 1, previous: null }
      const opened = await Promise.all(
        Array.from({ length: 8 }, () => open().act('openShard', { shard: { ...shard, name: '2026' }, at: NOW })),
      )
      expect(new Set(opened.map(({ name }) => name))).toEqual(new Set(['2026']))
      expect((await open().read.logShards()).filter(({ closedAt }) => closedAt === null)).toHaveLength(1)
    })

    it('has a place waiting for each critical event, in the transaction of its action', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant)
      const waiting = (await open().read.logWaiting(10_000)).filter(({ tenantNo }) => tenantNo === tenant.no)
      expect(waiting).toHaveLength(2)
      expect(waiting.map(({ form }) => form)).toEqual(['event', 'event'])
      await expect(
        open().act('issueToken', { token: { ...token, tenantNo: tenant.no, digest: ROOT(1) }, at: NOW, actor: ADMIN }),
      ).rejects.toMatchObject({ code: 'token_exists' })
      expect((await open().read.logWaiting(10_000)).filter(({ tenantNo }) => tenantNo === tenant.no)).toHaveLength(2)
    })

    it('takes what is offered once, also after it has its place', async () => {
      const shard = await shardNow()
      expect(await open().act('offerToLog', { items: [item('log_once'), item('log_once')] })).toBe(1)
      expect(await open().act('offerToLog', { items: [item('log_once')] })).toBe(0)
      const [waiting] = (await open().read.logWaiting(10_000)).filter(({ id }) => id === 'log_once')
      await open().act('appendToLog', stepFrom(shard, ['log_once'], { taken: [waiting!.position] }))
      expect(await open().act('offerToLog', { items: [item('log_once')] })).toBe(0)
      expect(await open().read.isWaitingForLog('log_once')).toBe(false)
      expect(await open().read.logEntry('log_once')).toMatchObject({ index: shard.head.size, shard: shard.name })
    })

    it('lets one of many steps from the same head through, and writes nothing of the others', async () => {
      const shard = await shardNow()
      const steps = Array.from({ length: 8 }, (_, at) => open().act('appendToLog', stepFrom(shard, [`log_race_${at}`])))
      const results = await Promise.all(steps)
      expect(results.filter((result) => result === 'appended')).toHaveLength(1)
      const entries = await open().read.logEntries(shard.name, shard.head.size, 100)
      expect(entries.map(({ id }) => id)).toEqual([`log_race_${results.indexOf('appended')}`])
      expect((await shardNow()).head.size).toBe(shard.head.size + 1)
    })

    it.each([
      ['another size', { from: { size: 1_000, root: ROOT(9) } }],
      ['another root', {}],
      ['an older epoch', { epoch: 0 }],
    ])('refuses a step from %s', async (name, differs) => {
      const shard = await shardNow()
      const from = name === 'another root' ? { from: { size: shard.head.size, root: ROOT(200) } } : differs
      expect(await open().act('appendToLog', { ...stepFrom(shard, ['log_refused']), ...from })).toBe('moved')
      expect(await open().read.logEntry('log_refused')).toBeNull()
    })

    it('rolls back whole when a row that it took was not there', async () => {
      const shard = await shardNow()
      const step = stepFrom(shard, ['log_ghost'], { taken: [999_999_999] })
      await expect(open().act('appendToLog', step)).rejects.toMatchObject({ code: 'data_damaged' })
      expect(await open().read.logEntry('log_ghost')).toBeNull()
      expect((await shardNow()).head).toEqual(shard.head)
    })

    it('appends nothing while it is halted', async () => {
      const shard = await shardNow()
      await open().act('haltLog', { shard: shard.name, halted: 'a test' })
      expect(await open().act('appendToLog', stepFrom(shard, ['log_halted']))).toBe('moved')
      await open().act('haltLog', { shard: shard.name, halted: null })
      expect(await open().act('appendToLog', stepFrom(shard, ['log_freed']))).toBe('appended')
    })

    it('fixes a size with one root, and never a smaller one after a larger', async () => {
      const shard = (await shardNow()).name
      const fix = (size: number, byte: number) => open().act('fixCheckpoint', { shard, size, root: ROOT(byte), at: NOW })
      expect(await fix(50, 1)).toEqual({ refused: false })
      expect(await fix(50, 1)).toEqual({ refused: false })
      expect(await fix(50, 2)).toMatchObject({ refused: true, by: { size: 50, root: ROOT(1) } })
      expect(await fix(60, 3)).toEqual({ refused: false })
      expect(await fix(50, 1)).toMatchObject({ refused: true, by: { size: 60 } })
      expect(await fix(49, 1)).toMatchObject({ refused: true, by: { size: 60 } })
      await open().act('keepNote', { shard, size: 60, note: 'note' })
      expect(await open().read.logSigned(shard)).toMatchObject({ fixed: { size: 60 }, noted: { size: 60, note: 'note' } })
      expect(await open().read.logNoteFor(shard, 51)).toMatchObject({ size: 60 })
    })

    it('closes a shard and opens the next in one step', async () => {
      const shard = await shardNow()
      const next = {
        name: '2026-2',
        origin: 'tokentrail.test/2026-2',
        vkey: 'key-2',
        epoch: shard.epoch + 1,
        previous: shard.name,
      }
      expect(await open().act('appendToLog', stepFrom(shard, ['log_closed'], { next }))).toBe('appended')
      expect(await open().act('appendToLog', stepFrom(shard, ['log_late']))).toBe('moved')
      expect(await shardNow()).toMatchObject({ name: '2026-2', head: { size: 0 } })
    })

    it('pages newest first, within a tenant, over shards', async () => {
      const all = await open().read.logPage({}, { limit: 3 })
      expect(all).toHaveLength(3)
      const shard = (await open().read.logShards()).find(({ name }) => name === all[2]!.shard)!
      const rest = await open().read.logPage({}, { limit: 100, before: { epoch: shard.epoch, index: all[2]!.index } })
      expect(rest.map(({ id }) => id)).not.toContain(all[2]!.id)
      expect(await open().read.logPage({ tenantNo: 424_242 }, { limit: 3 })).toEqual([])
    })
  })
}
