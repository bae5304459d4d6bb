import { formatNote } from 'tokentrail/log'
import type { PolicyWitness } from 'tokentrail/log'
import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../config/log.ts'
import { TrailError } from '../../errors.ts'
import type { Records } from '../../records/records.ts'
import type { SendMail } from '../../send/mail.ts'
import type { SendWebhook } from '../../send/webhook.ts'
import type { AuditLog, PublishedCheckpoint } from '../audit.ts'
import { systemDisk } from '../disk.ts'
import { folderOf } from '../proofs.ts'
import type { Anchor, WitnessAnchor } from './config.ts'
import { copyToFile, copyToMail, copyToWebhook } from './copies.ts'
import { createRunner } from './runner.ts'
import type { Runner, RunnerTimes } from './runner.ts'
import { askWitness } from './witness-anchor.ts'
import type { AnchorAlarm } from './witness-anchor.ts'

/** How one witness or copy stands. */
export interface AnchorState {
  readonly name: string
  readonly kind: Anchor['kind']
  /** The last checkpoint that it holds; null where there is none yet. */
  readonly held: { readonly shard: string; readonly size: number; readonly at: Milliseconds } | null
  /** Seconds that the clock of a witness was ahead of ours at its last cosignature; null for copies. */
  readonly clockAheadSeconds: number | null
  /** When a witness held less than it once cosigned; null where that was not seen since the start. */
  readonly fellBackAt: Milliseconds | null
  /** Why the last attempt failed; null when it went well. */
  readonly failure: string | null
  readonly failures: number
}

/** What carries checkpoints out of the operator's reach. */
export interface Anchors {
  state(): readonly AnchorState[]
  close(): Promise<void>
}

/** The audit log with what carries it outside. */
export type AnchoredLog = AuditLog & {
  anchors(): readonly AnchorState[]
  /** Keys of the configured witnesses, for the policy that goes with a pack. */
  readonly witnesses?: readonly PolicyWitness[]
}

/** The configured witnesses as a policy names them. Addresses stay here: they are nobody's business who only verifies. */
export function witnessesOf(anchors: readonly Anchor[]): readonly PolicyWitness[] {
  return anchors.flatMap((anchor) => (anchor.kind === 'witness' ? [{ name: anchor.name, key: anchor.key }] : []))
}

/** How far others vouch for a shard. */
export interface Anchored {
  /** Leaves of the largest checkpoint that somebody outside holds. */
  readonly size: number
  readonly at: Milliseconds
  /** How many hold it, and how many are configured. */
  readonly by: number
  readonly of: number
}

/** The largest checkpoint of a shard that an anchor holds; null while none does. */
export function anchoredOf(states: readonly AnchorState[], shard: string): Anchored | null {
  const held = states.flatMap((state) => (state.held?.shard === shard ? [state.held] : []))
  const size = Math.max(...held.map((each) => each.size))
  const largest = held.filter((each) => each.size === size)
  return largest.length === 0
    ? null
    : { size, at: Math.min(...largest.map(({ at }) => at)), by: largest.length, of: states.length }
}

export interface AnchorsOptions {
  readonly anchors: readonly Anchor[]
  readonly audit: Pick<AuditLog, 'onCheckpoint' | 'state' | 'republish'>
  readonly records: Records
  /** The log's directory. */
  readonly dir: string
  readonly clock: Clock
  readonly log: Log
  /** Told of what must not be, once for each anchor, shard and kind until the server starts again. */
  readonly onAlarm: (alarm: AnchorAlarm) => Promise<void>
  readonly sendWebhook: { readonly toPublic: SendWebhook; readonly toAny: SendWebhook }
  readonly sendMail: SendMail
  /** Shorter in tests. */
  readonly times?: Partial<RunnerTimes>
}

const TIMES: Pick<RunnerTimes, 'timeoutMs' | 'backoffMs'> = { timeoutMs: 10_000, backoffMs: { first: 1_000, max: 60_000 } }
const MAIL_MS_MAX = 60_000

/** Brings each published checkpoint to every anchor, in the background: nothing waits for it and nothing fails with it. */
export async function startAnchors(o: AnchorsOptions): Promise<Anchors> {
  const held = new Map((await o.records.read.anchorMarks()).map((mark) => [mark.name, mark]))
  const clocks = new Map<string, number>()
  const fallen = new Map<string, Milliseconds>()
  const raised = new Set<string>()
  const runners = o.anchors.map((anchor) => ({ anchor, runner: runnerOf(anchor) }))
  const stop = o.audit.onCheckpoint((checkpoint) => {
    for (const { runner } of runners) runner.offer(checkpoint)
  })

  function runnerOf(anchor: Anchor): Runner {
    const times = {
      ...TIMES,
      everyMs: anchor.everyMs,
      firstInMs: leftOf(anchor),
      ...(anchor.kind === 'mail' && { timeoutMs: MAIL_MS_MAX }),
      ...o.times,
    }
    return createRunner({
      ...times,
      clock: o.clock,
      attempt: (checkpoint, signal) => bring(anchor, checkpoint, signal),
      onFailure: (err) => o.log.warn({ err, anchor: anchor.name }, 'a checkpoint was not anchored; it is tried again'),
    })
  }

  /** A server that starts again and again does not send a mail each time. */
  function leftOf({ name, everyMs }: Anchor): number {
    const last = held.get(name)?.at ?? 0
    return Math.min(everyMs, Math.max(0, last + everyMs - o.clock.now()))
  }

  /** Of several servers the one that signs brings it out; the others look how far it has come. */
  async function bring(anchor: Anchor, checkpoint: PublishedCheckpoint, signal: AbortSignal): Promise<void> {
    if (!(await o.audit.state()).leads) {
      for (const each of await o.records.read.anchorMarks()) held.set(each.name, each)
      return
    }
    if (anchor.kind === 'witness') return bringToWitness(anchor, checkpoint, signal)
    const cosigned = await o.records.read.cosignedFor(checkpoint.shard, checkpoint.size)
    const copy = cosigned?.size === checkpoint.size ? { ...checkpoint, note: cosigned.note } : checkpoint
    await bringCopy(anchor, copy, signal)
    await mark(anchor, checkpoint)
  }

  async function bringCopy(
    anchor: Exclude<Anchor, WitnessAnchor>,
    checkpoint: PublishedCheckpoint,
    signal: AbortSignal,
  ): Promise<void> {
    if (anchor.kind === 'file') return copyToFile(anchor, checkpoint, alarm)
    if (anchor.kind === 'mail') return copyToMail(anchor, checkpoint, signal, o.sendMail)
    const send = anchor.isPrivate ? o.sendWebhook.toAny : o.sendWebhook.toPublic
    return copyToWebhook(anchor, checkpoint, o.clock.now(), send)
  }

  function bringToWitness(witness: WitnessAnchor, published: PublishedCheckpoint, signal: AbortSignal): Promise<void> {
    const parts = {
      witness,
      heldSize: (shard: string) => sizeOf(witness.name, shard),
      shard: (name: string) => shardOf(o.records, name),
      fixedSize: async (shard: string) => (await o.records.read.logSigned(shard)).fixed?.size ?? 0,
      folder: (shard: { readonly name: string; readonly vkey: string }) => folderOf({ dir: o.dir, disk: systemDisk }, shard),
      alarm,
      onFallBack: (from: number, to: bigint) => {
        fallen.set(witness.name, o.clock.now())
        o.log.warn(
          { witness: witness.name, from, to: Number(to) },
          'a witness holds less than it once cosigned: its memory was rolled back',
        )
      },
    }
    const keep: Parameters<typeof askWitness>[0]['keep'] = async (checkpoint, note, { time = 0n }) => {
      const { shard, size } = checkpoint
      const merged = await o.records.act('keepCosigned', { shard, size, note: formatNote(note), at: o.clock.now() })
      await mark(witness, checkpoint)
      clocks.set(witness.name, Number(time) - Math.floor(o.clock.now() / 1000))
      await o.audit.republish(shard, merged)
    }
    return askWitness({ ...parts, keep }, published, signal)
  }

  function sizeOf(name: string, shard: string): number {
    const known = held.get(name)
    return known?.shard === shard ? known.size : 0
  }

  async function mark({ name }: Anchor, { shard, size }: PublishedCheckpoint): Promise<void> {
    const place = { name, shard, size, at: o.clock.now() }
    await o.records.act('markAnchor', place)
    held.set(name, place)
  }

  async function alarm(found: AnchorAlarm): Promise<void> {
    const what = `${found.check} ${found.anchor} ${found.shard}`
    if (raised.has(what)) return
    o.log.error({ ...found }, 'an anchor shows that the audit log is not what it was')
    await o.onAlarm(found)
    raised.add(what)
  }

  function stateOf({ anchor: { name, kind }, runner }: { readonly anchor: Anchor; readonly runner: Runner }): AnchorState {
    const mark = held.get(name)
    const seen = { clockAheadSeconds: clocks.get(name) ?? null, fellBackAt: fallen.get(name) ?? null }
    return { name, kind, held: mark ? { shard: mark.shard, size: mark.size, at: mark.at } : null, ...seen, ...runner.state() }
  }

  return {
    state: () => runners.map(stateOf),
    async close() {
      stop()
      await Promise.all(runners.map(({ runner }) => runner.close()))
    },
  }
}

async function shardOf(records: Records, name: string) {
  const shard = (await records.read.logShards()).find((each) => each.name === name)
  if (!shard) throw new TrailError('internal', `The records do not know the shard ${name} of the audit log.`)
  return shard
}
