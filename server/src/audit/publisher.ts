import { formatKeyId, formatNote, isSameHash, parseKey, parseNote, signCheckpoint, toBase64 } from 'tokentrail/log'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import type { LogShard, LogSigned } from '../records/audit.ts'
import type { Records } from '../records/records.ts'
import type { PublishedCheckpoint } from './audit.ts'
import { LOG_CRYPTO } from './crypto.ts'
import type { Disk } from './disk.ts'
import { openFolder, type Folder } from './folder.ts'
import { keepHighWater } from './high-water.ts'
import { forgetLogKey, keyFileOf, readLogKey } from './keys.ts'
import type { ShardNames } from './shards.ts'
import { RootConflict, openShelf, vkeyOf, type Shelf } from './shelf.ts'

/** Brings the log to this process's directory: tiles, then a checkpoint that covers them. The one that leads signs it. */
export interface Publisher {
  /** Publishes what the records hold; the same code after a crash. A failure leaves all as it was, and the next run mends it. */
  run(leads: boolean): Promise<void>
  /**
   * Puts a checkpoint with its cosignatures in the place of the same one without, as durably as that was put and never beside a run,
   * so that a newer one stays.
   */
  republish(shard: Pick<LogShard, 'name' | 'vkey'>, note: string): Promise<void>
  /** The checkpoint that stands here. */
  published(): PublishedAt | null
}

export interface PublishedAt extends PublishedCheckpoint {
  readonly at: number
}

/** Closed shards stand here. */
export const CLOSED_SHARDS = 'shards'

/** What moves when a shard is put away, in this order. */
const SHARD_FILES = ['tile', 'checkpoint', 'log.vkey'] as const

export interface PublisherOptions {
  readonly records: Records
  readonly dir: string
  readonly names: ShardNames
  readonly disk: Disk
  readonly clock: Clock
  readonly log: Log
  /** Told of each new checkpoint. */
  readonly onPublished: (checkpoint: PublishedAt) => void
  /** Told why a checkpoint was not signed: another history is there. */
  readonly onFork: (shard: LogShard, why: string) => Promise<void>
}

export function createPublisher(o: PublisherOptions): Publisher {
  const { records, clock } = o
  let folder: Folder | undefined
  let open: { readonly shard: LogShard; readonly shelf: Shelf } | undefined
  let last: PublishedAt | null = null
  let turn: Promise<unknown> = Promise.resolve()

  /** What writes to the folder does so one after the other. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = turn.then(work)
    turn = done.catch(() => undefined)
    return done
  }

  async function bringAll(leads: boolean): Promise<void> {
    try {
      folder ??= await openFolder(o.dir, o.disk)
      for (;;) {
        const shards = await records.read.logShards()
        const shard = await standing(folder, shards)
        if (!shard) return
        if (!(await isBeingArchived(folder, shard))) {
          const isLeft = isGivenUp(shard, shards)
          const shelf = await agreeing(folder, shard, leads && !isLeft)
          if (!shelf) return
          if (shard.closedAt === null || (!isLeft && shelf.size < shard.head.size)) return
        }
        await archive(folder, shard)
      }
    } catch (error) {
      // What memory holds may be ahead of the disk: it is read again.
      open = undefined
      folder = undefined
      throw error
    }
  }

  /** The shard whose files stand here, else the oldest that is not put away and can still be written. */
  async function standing(into: Folder, shards: readonly LogShard[]): Promise<LogShard | undefined> {
    const vkey = await vkeyOf(into)
    if (vkey !== undefined) return shards.find((shard) => shard.vkey === vkey) ?? putAway(into, shards, vkey)
    const closed = new Set(await into.list(CLOSED_SHARDS))
    for (const shard of shards) {
      if (closed.has(shard.name)) continue
      if (shard.closedAt === null) return shard
      const isThere = (await records.read.logEntries(shard.name, 0, 1))[0]?.index === 0
      if (isThere && (!isGivenUp(shard, shards) || (await records.read.logSigned(shard.name)).noted !== null)) return shard
    }
    return undefined
  }

  /** A log that the records do not know: after a recovery it is kept among the closed ones, before it nothing goes on. */
  async function putAway(into: Folder, shards: readonly LogShard[], vkey: string): Promise<LogShard | undefined> {
    if (!shards.some(({ recovered }) => recovered !== null)) return stranger(o.dir)
    const name = `lost-${formatKeyId(parseKey(LOG_CRYPTO.sha256, vkey).id)}`
    for (const each of SHARD_FILES) await into.move(each, `${CLOSED_SHARDS}/${name}/${each}`)
    return standing(into, shards)
  }

  /** Its tiles are already put away: a crash came between two moves. */
  async function isBeingArchived(into: Folder, { name, closedAt }: LogShard): Promise<boolean> {
    return closedAt !== null && (await into.list(`${CLOSED_SHARDS}/${name}`)).includes('tile')
  }

  async function shelfOf(into: Folder, shard: LogShard): Promise<Shelf> {
    if (open?.shard.name !== shard.name) open = { shard, shelf: await openShelf({ folder: into, shard, read: records.read }) }
    if (last?.shard !== shard.name) remember(shard, open.shelf)
    return open.shelf
  }

  /** Where files and records give two roots even after the files were read again, nothing may be signed any more. */
  async function agreeing(into: Folder, shard: LogShard, leads: boolean): Promise<Shelf | undefined> {
    for (let isAgain = false; ; isAgain = true) {
      const shelf = await shelfOf(into, shard)
      try {
        await bring(shelf, shard, leads)
        return shelf
      } catch (error) {
        if (!(error instanceof RootConflict) || shard.halted !== null) throw error
        open = undefined
        if (!isAgain) continue
        await o.onFork(shard, error.message)
        return undefined
      }
    }
  }

  async function bring(shelf: Shelf, shard: LogShard, leads: boolean): Promise<void> {
    const { noted } = await records.read.logSigned(shard.name)
    const isNew = leads && shard.halted === null && shard.head.size > (noted?.size ?? 0)
    const key = isNew ? readLogKey(keyFileOf(o.names, shard.name), shard.origin) : undefined
    if (isNew && key?.vkey === shard.vkey) return sign(shelf, shard, key)
    if (noted?.note && noted.size > shelf.size) await put(shelf, shard, noted.size, noted.root, noted.note)
  }

  async function sign(shelf: Shelf, shard: LogShard, key: NonNullable<ReturnType<typeof readLogKey>>): Promise<void> {
    const { size, root } = shard.head
    await shelf.grow({ size, root })
    const fixed = await records.act('fixCheckpoint', { shard: shard.name, size, root, at: clock.now() })
    if (fixed.refused) return judgeRefusal(shard, fixed.by)
    const note = await signCheckpoint({ origin: shard.origin, size, root }, key.signer)
    await records.act('keepNote', { shard: shard.name, size, note })
    await put(shelf, shard, size, root, note)
  }

  /** A process that was paused comes late: then the records have grown past what is fixed. Everything else is another history. */
  async function judgeRefusal(shard: LogShard, by: LogSigned): Promise<void> {
    const now = (await records.read.logShards()).find(({ name }) => name === shard.name)
    if (now && by.size !== shard.head.size && by.size <= now.head.size) return
    await o.onFork(shard, describeRefusal(shard, by))
  }

  async function put(shelf: Shelf, shard: LogShard, size: number, root: Uint8Array, note: string): Promise<void> {
    await shelf.grow({ size, root })
    await shelf.publish(note)
    await keepHighWater(o.disk, o.names.keyFile, note)
    remember(shard, shelf)
    if (last) o.onPublished(last)
  }

  function remember(shard: LogShard, { checkpoint, size }: Shelf): void {
    if (!checkpoint) return
    const { origin, root, note } = checkpoint
    last = { shard: shard.name, origin, size, root, note: formatNote(note), at: clock.now() }
  }

  /** The key file of a closed shard goes: it may sign nothing more. The name of the key moves last, for it says what stands here. */
  async function archive(into: Folder, shard: LogShard): Promise<void> {
    for (const name of SHARD_FILES) await into.move(name, `${CLOSED_SHARDS}/${shard.name}/${name}`)
    forgetLogKey(keyFileOf(o.names, shard.name))
    open = undefined
    o.log.info({ shard: shard.name, size: shard.head.size }, 'a shard of the audit log is closed')
  }

  async function exchange(shard: Pick<LogShard, 'name' | 'vkey'>, note: string): Promise<void> {
    const into = (folder ??= await openFolder(o.dir, o.disk))
    const name = (await vkeyOf(into)) === shard.vkey ? 'checkpoint' : `${CLOSED_SHARDS}/${shard.name}/checkpoint`
    const here = await into.read(name)
    if (!here || parseNote(Buffer.from(here).toString('utf8')).text !== parseNote(note).text) return
    await into.put([{ name, bytes: Buffer.from(note) }])
  }

  return {
    run: (leads) => inTurn(() => bringAll(leads)),
    republish: (shard, note) => inTurn(() => exchange(shard, note)),
    published: () => last,
  }
}

/** A recovery has taken its place: what stands in it without a checkpoint never gets one, for the lost history has its own. */
function isGivenUp({ name }: LogShard, shards: readonly LogShard[]): boolean {
  return shards.some(({ previous, recovered }) => previous === name && recovered !== null)
}

function describeRefusal(shard: LogShard, by: LogSigned): string {
  const { size, root } = shard.head
  if (by.size === size && !isSameHash(by.root, root)) {
    return `Size ${size} of the log ${shard.name} was fixed with the root ${toBase64(by.root)}, and the records now give ${toBase64(root)}.`
  }
  return `The log ${shard.name} was fixed at size ${by.size}, and the records now end at ${size}.`
}

function stranger(dir: string): never {
  throw new TrailError('log_halted', `The log in ${dir} is not one that the records know: they were replaced or restored.`)
}
