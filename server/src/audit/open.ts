import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { toBase64 } from 'tokentrail/log'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import { createListeners } from '../records/listeners.ts'
import type { Records } from '../records/records.ts'
import type { Seal } from '../records/sealed.ts'
import type { AuditLog, AuditState, LogFile, LogProof, PublishedCheckpoint } from './audit.ts'
import { systemDisk, type Disk } from './disk.ts'
import { findFork, type WitnessedSize } from './forks.ts'
import { createHeart, type Beat } from './heartbeat.ts'
import { createOffers } from './offers.ts'
import { folderOf, proveEntry, readLogFile } from './proofs.ts'
import { createPublisher } from './publisher.ts'
import { createRounds } from './rounds.ts'
import { createSequencer } from './sequencer.ts'
import { nextShard } from './shards.ts'

export interface AuditOptions {
  readonly records: Records
  /** Where tiles and checkpoint stand; one process writes there. */
  readonly dir: string
  /** Beginning of the names of key files and of the high-water mark. */
  readonly keyFile: string
  readonly clock: Clock
  readonly log: Log
  readonly seal: Seal
  readonly version: string
  /** What a heartbeat says of this process: journal position, losses, witnesses. */
  readonly beat?: () => Beat
  /** Sizes that witnesses have cosigned, asked once at the start. */
  readonly witnessed?: () => Promise<readonly WitnessedSize[]>
  /** A proof is given only under a checkpoint that a witness has cosigned. */
  readonly witnessRequired?: boolean
  /** Told of an integrity alarm (703): which check failed, and where. */
  readonly onAlarm?: (alarm: {
    readonly shard: string
    readonly size: number
    readonly check: string
    readonly why: string
  }) => void
  readonly disk?: Disk
}

/** How often what waits is given its place, and how often a checkpoint is published while something has. */
const SEQUENCE_MS = 250
const PUBLISH_MS = 1_000

const CLOSE_MS_MAX = 3_000

/** Commits after which the log does not wait for the next round. */
const COMMITS_MAX = 256

/** Opens the log: makes the first shard, looks for signs of a restored backup, and begins to sequence and publish. */
export async function openAudit(o: AuditOptions): Promise<AuditLog> {
  const { records, clock, log, keyFile, dir, disk = systemDisk } = o
  const install = await records.act('nameInstall', { id: randomBytes(9).toString('hex') })
  const names = { install, keyFile }
  const shards = await records.read.logShards()
  if (shards.length === 0) await records.act('openShard', { shard: nextShard(names, [], clock.now()), at: clock.now() })
  const listeners = createListeners<PublishedCheckpoint>(log)
  let isHalted = false
  const sequencer = createSequencer({ records, seal: o.seal, names, clock, version: o.version })
  const publisher = createPublisher({
    records,
    dir,
    names,
    disk,
    clock,
    log,
    onPublished: listeners.tell,
    onFork: async (shard, why) => {
      o.onAlarm?.({ shard: shard.name, size: shard.head.size, check: 'checkpoint', why })
      await halt(shard.name, why)
    },
  })
  const fork = await findFork({ records, dir, keyFile, disk, ...(o.witnessed && { witnessed: o.witnessed }) })
  if (fork) {
    o.onAlarm?.({ shard: fork.shard, size: 0, check: 'restore', why: fork.why })
    await halt(fork.shard, fork.why)
  }
  await heedHalt()

  const leadership = records.lead('audit')
  const sequencing = createRounds({ name: 'sequencing', everyMs: SEQUENCE_MS, log, run: sequence })
  const publishing = createRounds({ name: 'publishing', everyMs: PUBLISH_MS, log, run: publish })
  let commits = 0
  const unsubscribe = records.onOutbox(() => {
    if (++commits < COMMITS_MAX) return
    commits = 0
    void sequencing.wake()
  })
  const offers = createOffers(records, () => undefined)
  const heart = createHeart({ records, clock, log, note: offers.note, ...(o.beat && { beat: o.beat }), dropped: offers.dropped })

  async function sequence(): Promise<void> {
    if (leadership.isLeading()) await sequencer.run()
  }

  async function publish(): Promise<void> {
    await heedHalt()
    await publisher.run(leadership.isLeading())
  }

  async function halt(shard: string, why: string): Promise<void> {
    log.error({ shard, why }, 'the audit log must not be continued: critical actions are refused')
    await records.act('haltLog', { shard, halted: why })
    await heedHalt()
  }

  /** What one process saw stops all of them. */
  async function heedHalt(): Promise<void> {
    const halted = (await records.read.logShards()).find(({ closedAt, halted: why }) => closedAt === null && why !== null)?.halted
    isHalted = halted !== undefined
    records.halt(halted ? halting(halted) : null)
  }

  async function state(): Promise<AuditState> {
    const shard = (await records.read.logShards()).find(({ closedAt }) => closedAt === null)
    if (!shard) throw new TrailError('internal', 'There is no open shard of the audit log.')
    const { count, oldestAt } = await records.read.logBacklog()
    const published = publisher.published()
    return {
      shard: shard.name,
      origin: shard.origin,
      vkey: shard.vkey,
      size: shard.head.size,
      waiting: count,
      halted: shard.halted,
      checkpoint: published && { size: published.size, root: toBase64(published.root), at: published.at },
      lagMs: oldestAt === null ? 0 : Math.max(0, clock.now() - oldestAt),
      leads: leadership.isLeading(),
      failure: sequencing.failure() ?? publishing.failure(),
      dropped: offers.dropped(),
    }
  }

  /** Everything that was committed before has its place when nothing as old waits any more. */
  async function flush(timeoutMs = 10_000): Promise<void> {
    const until = performance.now() + timeoutMs
    const { newest } = await records.read.logBacklog()
    const sequenced = async () => ((await records.read.logWaiting(1))[0]?.position ?? Infinity) > newest
    await reach(sequenced, sequencing.wake, until, timeoutMs)
    const open = (await records.read.logShards()).find(({ closedAt }) => closedAt === null)
    if (!open) return
    const covered = async () => {
      const published = publisher.published()
      return published?.shard === open.name ? published.size >= open.head.size : false
    }
    await reach(covered, publishing.wake, until, timeoutMs)
  }

  async function proof(id: string, { waitMs = 0 }: { waitMs?: number } = {}): Promise<LogProof | null> {
    const until = performance.now() + waitMs
    for (;;) {
      const found = await proofNow(id)
      if (found !== 'pending') return found
      if (performance.now() >= until) throw pending(id)
      await setTimeout(Math.min(50, Math.max(1, until - performance.now())))
    }
  }

  async function proofNow(id: string): Promise<LogProof | null | 'pending'> {
    const entry = await records.read.logEntry(id)
    if (!entry) return (await records.read.isWaitingForLog(id)) ? 'pending' : null
    const shard = (await records.read.logShards()).find(({ name }) => name === entry.shard)
    if (!shard) return null
    const cosigned = await records.read.cosignedFor(shard.name, entry.index + 1)
    if (o.witnessRequired === true && !cosigned) return 'pending'
    return (await proveEntry(await folderOf({ dir, disk }, shard), shard, entry, cosigned?.note)) ?? 'pending'
  }

  async function file(shard: string | null, name: LogFile): Promise<Uint8Array | undefined> {
    const shards = await records.read.logShards()
    const found = shards.find((each) => (shard === null ? each.closedAt === null : each.name === shard))
    return found && readLogFile(await folderOf({ dir, disk }, found), name)
  }

  async function republish(name: string, note: string): Promise<void> {
    const shard = (await records.read.logShards()).find((each) => each.name === name)
    if (shard) await publisher.republish(shard, note)
  }

  return {
    state,
    flush,
    republish,
    note: offers.note,
    entries: (filter, page) => records.read.logPage(filter, page),
    proof,
    file,
    onCheckpoint: listeners.add,
    rotate: sequencer.rotate,
    isHalted: () => isHalted,
    /** What is committed gets its place and a checkpoint before the log closes, where that is quickly done. */
    async close() {
      unsubscribe()
      await heart.close()
      if (!isHalted)
        await flush(CLOSE_MS_MAX).catch((error: unknown) => log.warn({ err: error }, 'the audit log goes on at the next start'))
      await sequencing.close()
      await publishing.close()
      await leadership.close()
    },
  }
}

async function reach(
  reached: () => Promise<boolean>,
  wake: () => Promise<void>,
  until: number,
  timeoutMs: number,
): Promise<void> {
  while (!(await reached())) {
    if (performance.now() >= until) {
      throw new TrailError('log_halted', `The audit log did not come as far as asked within ${timeoutMs} ms; its state says why.`)
    }
    await wake()
    if (!(await reached())) await setTimeout(20)
  }
}

function halting(why: string): TrailError {
  return new TrailError(
    'log_halted',
    `${why} Nothing that must be logged is done until this is resolved: see "tokentrail audit status" and "tokentrail restore --recover".`,
    { retryAfterSeconds: 60 },
  )
}

function pending(id: string): TrailError {
  return new TrailError('proof_pending', `The entry ${id} is not yet under a published checkpoint; ask again in a second.`, {
    input: 'id',
    retryAfterSeconds: 1,
  })
}
