import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatNote, parseNote, parseSignatureLines } from 'tokentrail/log'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemDisk, type Disk } from '../../src/audit/disk.ts'
import { fsck } from '../../src/audit/fsck.ts'
import { createPublisher } from '../../src/audit/publisher.ts'
import { systemClock } from '../../src/clock.ts'
import type { LogShard } from '../../src/records/audit.ts'
import type { Records } from '../../src/records/records.ts'
import { newPlace, openLog, type OpenLog, type Place } from './support.ts'

const places: Place[] = []
afterEach(() => {
  for (const place of places.splice(0)) place.remove()
})

/** Calls of the file system that change something. */
const CALLS = ['writeSynced', 'rename', 'syncDirectory', 'makeDirectory', 'remove'] as const

/** Without waiting for the disk: what a lost power leaves is not tried here. */
const quickDisk: Disk = {
  ...systemDisk,
  writeSynced: (path, bytes) => writeFile(path, bytes),
  syncDirectory: async () => undefined,
}

/** A file system whose calls are counted; `fails` says which of them do. */
function counting(fails: (call: number) => boolean): { readonly disk: Disk; readonly count: () => number } {
  let count = 0
  const changing = Object.fromEntries(
    CALLS.map((name) => [
      name,
      async (...given: readonly string[]) => {
        count += 1
        if (fails(count)) throw Object.assign(new Error(`${name} failed`), { code: 'EIO' })
        return (quickDisk[name] as (...given: readonly unknown[]) => Promise<unknown>)(...given)
      },
    ]),
  )
  return {
    disk: { ...quickDisk, ...changing },
    count: () => count,
  }
}

type Stage = { readonly shards: readonly LogShard[]; readonly signed: ReadonlyMap<string, Signed> }
type Signed = Awaited<ReturnType<Records['read']['logSigned']>>

/** The log at three times: within the first tile, beyond it, and after a rotation; so that each kind of file is written and moved. */
async function stagesOf(log: OpenLog): Promise<readonly Stage[]> {
  const stages: Stage[] = []
  const keep = async () => {
    await log.audit.flush()
    const shards = await log.records.read.logShards()
    const signed = new Map<string, Signed>()
    for (const { name } of shards) signed.set(name, await log.records.read.logSigned(name))
    stages.push({ shards, signed })
  }
  await log.issue(10)
  await keep()
  await log.issue(300)
  await keep()
  await log.audit.rotate('test')
  await log.issue(3)
  await keep()
  return stages
}

/** Publishes stage after stage on a disk of its own; a failed run is tried again, as the server does it each second. */
async function publish(o: {
  log: OpenLog
  dir: string
  keyFile: string
  stages: readonly Stage[]
  disk: Disk
  tries: number
}): Promise<void> {
  let stage = o.stages[0] ?? fail()
  const { records } = o.log
  const read = {
    ...records.read,
    logShards: async () => stage.shards,
    logSigned: async (name: string) => stage.signed.get(name) ?? { fixed: null, noted: null },
  }
  const publisher = createPublisher({
    records: { ...records, read },
    dir: o.dir,
    disk: o.disk,
    clock: systemClock,
    log: o.log.log,
    names: { install: 'none', keyFile: o.keyFile },
    onPublished: () => undefined,
    onFork: async () => fail(),
  })
  for (const next of o.stages) {
    stage = next
    for (let tries = 0; tries < o.tries; tries += 1) await publisher.run(false).catch(() => undefined)
  }
}

describe('the directory of the log', () => {
  test.each([
    { name: 'failed once', fails: (at: number) => (call: number) => call === at, tries: 2 },
    { name: 'was the last before the process died', fails: (at: number) => (call: number) => call >= at, tries: 1 },
  ])('is whole after each call of the file system $name', { timeout: 60_000 }, async ({ fails, tries }) => {
    const place = newPlace()
    places.push(place)
    const log = await openLog(place)
    const stages = await stagesOf(log)
    const about = (name: string) => ({ log, stages, dir: join(place.folder, name), keyFile: join(place.keys, name) })
    const sound = counting(() => false)
    await publish({ ...about('sound'), disk: sound.disk, tries: 1 })
    expect(sound.count()).toBeGreaterThan(40)
    for (let at = 1; at <= sound.count(); at += 1) {
      const name = `${tries}-${at}`
      await publish({ ...about(name), disk: counting(fails(at)).disk, tries })
      await publish({ ...about(name), disk: quickDisk, stages: stages.slice(-1), tries: 1 })
      const { differences, entries } = await fsck({ dir: join(place.folder, name), disk: systemDisk, read: log.records.read })
      expect({ at, differences, entries }).toEqual({ at, differences: [], entries: 318 })
      expect(readdirSync(join(place.folder, name, 'tile', '0'))).toEqual(['000.p'])
    }
    await log.close()
  })

  test('a tile that was changed is found, and the first entry is named', async () => {
    const place = newPlace()
    places.push(place)
    const log = await openLog(place)
    await log.issue(300)
    await log.audit.flush()
    const file = join(log.dir, 'tile', '0', '000')
    const bytes = readFileSync(file)
    bytes[32 * 41] = (bytes[32 * 41] ?? 0) ^ 1
    writeFileSync(file, bytes)
    expect((await log.fsck()).differences).toMatchObject([{ check: 'tile', index: 41 }])
    await log.close()
  })
})

describe('a checkpoint that comes back with cosignatures', { timeout: 60_000 }, () => {
  /** The same checkpoint with one more signature. */
  const cosigned = (note: string): string => {
    const { text, signatures } = parseNote(note)
    const more = parseSignatureLines(`— w.example/1 ${Buffer.alloc(76, 7).toString('base64')}\n`)
    return formatNote({ text, signatures: [...signatures, ...more] })
  }

  /** An open log on a disk whose calls are told, and each of which fails while `broken` names it. */
  async function openTold() {
    const place = newPlace()
    places.push(place)
    const told: string[] = []
    const broken = new Set<string>()
    const changing = Object.fromEntries(
      CALLS.map((name) => [
        name,
        async (...given: readonly string[]) => {
          told.push(`${name} ${given.filter((each) => typeof each === 'string').join(' ')}`)
          if (broken.has(name)) throw Object.assign(new Error(`${name} failed`), { code: 'EIO' })
          return (systemDisk[name] as (...given: readonly unknown[]) => Promise<unknown>)(...given)
        },
      ]),
    )
    const log = await openLog(place, { disk: { ...systemDisk, ...changing } })
    await log.issue(3)
    // the first heartbeat comes by itself; the next one is a minute away
    const beats = () => log.audit.entries({ type: 'log.heartbeat' }, { limit: 1 })
    await vi.waitFor(async () => expect(await beats()).toHaveLength(1), { timeout: 30_000, interval: 50 })
    await log.audit.flush(30_000)
    const file = join(log.dir, 'checkpoint')
    return { log, told, broken, file, shard: (await log.audit.state()).shard }
  }

  test('is on disk before it takes the place of the one without, and the folder is synced after it', async () => {
    const { log, told, file, shard } = await openTold()
    const with1 = cosigned(readFileSync(file, 'utf8'))
    told.length = 0
    await log.audit.republish(shard, with1)
    const draft = told[0]?.split(' ')[1] ?? ''
    expect(told).toEqual([`writeSynced ${draft}`, `rename ${draft} ${file}`, `syncDirectory ${log.dir}`])
    expect(readFileSync(file, 'utf8')).toBe(with1)
    await log.close()
  })

  test.each(['writeSynced', 'rename', 'syncDirectory'])('leaves a whole one when %s fails', async (name) => {
    const { log, broken, file, shard } = await openTold()
    const without = readFileSync(file, 'utf8')
    broken.add(name)
    await expect(log.audit.republish(shard, cosigned(without))).rejects.toThrow(`${name} failed`)
    expect([without, cosigned(without)]).toContain(readFileSync(file, 'utf8'))
    broken.clear()
    await log.audit.republish(shard, cosigned(without))
    expect(readFileSync(file, 'utf8')).toBe(cosigned(without))
    expect((await log.fsck()).differences).toEqual([])
    await log.close()
  })

  test('does not take the place of a newer one, and finds a shard that was closed meanwhile', async () => {
    const { log, file, shard } = await openTold()
    const old = readFileSync(file, 'utf8')
    await log.issue(1)
    const growing = log.audit.flush()
    await Promise.all([growing, log.audit.republish(shard, cosigned(old))])
    expect(parseNote(readFileSync(file, 'utf8')).text).not.toBe(parseNote(old).text)
    await log.audit.rotate('test')
    await log.audit.flush()
    const closed = join(log.dir, 'shards', shard, 'checkpoint')
    const last = readFileSync(closed, 'utf8')
    await log.audit.republish(shard, cosigned(last))
    expect(readFileSync(closed, 'utf8')).toBe(cosigned(last))
    await log.close()
  })
})

function fail(): never {
  throw new Error('not to be reached')
}
