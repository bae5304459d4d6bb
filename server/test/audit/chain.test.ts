import { onTestFinished, expect, test } from 'vitest'
import { chainBreak, type ShardEnds } from '../../src/audit/chain.ts'
import { systemDisk } from '../../src/audit/disk.ts'
import { fsck } from '../../src/audit/fsck.ts'
import { newPlace, openLog } from './support.ts'

/** A log of three shards, with the ends of each as its entries give them. */
async function openChain() {
  const place = newPlace()
  const log = await openLog(place)
  onTestFinished(async () => {
    await log.close()
    place.remove()
  })
  for (const why of ['first', 'second']) {
    await log.issue(2)
    await log.audit.rotate(why)
  }
  await log.issue(1)
  await log.audit.flush()
  const { read } = log.records
  const shards = await read.logShards()
  const ends = await Promise.all(
    shards.map(async (shard): Promise<ShardEnds> => {
      const entries = await read.logEntries(shard.name, 0, 1_000)
      const [first, last] = [entries[0]!.bytes, entries.at(-1)!.bytes]
      return { shard: { ...shard, isGivenUp: false }, first, last, size: shard.head.size, root: shard.head.root }
    }),
  )
  return { log, read, shards, ends }
}

test('each shard names the final size and root of the one before it', async () => {
  const { log, ends } = await openChain()
  expect(ends).toHaveLength(3)
  expect(ends.map((each, index) => chainBreak(ends[index - 1] ?? null, each))).toEqual([null, null, null])
  expect((await log.fsck()).differences).toEqual([])
})

test('a shard that follows another tree than the one that is here is named', async () => {
  const { ends } = await openChain()
  const [first, second, third] = ends as [ShardEnds, ShardEnds, ShardEnds]
  expect(chainBreak({ ...first, size: first.size - 1 }, second)).toContain(`ended at size ${first.size}`)
  expect(chainBreak({ ...first, root: new Uint8Array(32) }, second)).toContain('with another root')
  expect(chainBreak(first, third)).toContain('does not follow')
  expect(chainBreak({ ...first, last: third.first! }, second)).toContain('not log.closed')
  expect(chainBreak({ ...first, shard: { ...first.shard, vkey: 'other' } }, second)).toContain('another origin or key')
  expect(chainBreak(first, { ...second, first: second.last! })).toContain('not log.opened')
})

test('the check of the whole log reports the first break alone', async () => {
  const { log, read, shards } = await openChain()
  const without = (place: number) =>
    fsck({ dir: log.dir, disk: systemDisk, read: { ...read, logShards: async () => shards.toSpliced(place, 1) } })
  const chainOf = async (place: number) => (await without(place)).differences.filter(({ check }) => check === 'chain')
  expect(await chainOf(0)).toMatchObject([{ shard: shards[1]!.name, index: 0, what: expect.stringContaining('not here') }])
  expect(await chainOf(1)).toMatchObject([{ shard: shards[2]!.name, what: expect.stringContaining('does not follow') }])
})
