import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { writeZip } from 'tokentrail/verify'
import type { AuditLog } from '../audit/audit.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import type { PackRecord } from '../records/evidence.ts'
import type { Actor, Records, Tenant } from '../records/records.ts'
import type { AskEvidence } from './evidence/ask.ts'
import { writeAfter } from './pack/after.ts'
import { buildPack, type BuildParts } from './pack/build.ts'
import { createPackFolder } from './pack/pack-folder.ts'
import { planOf } from './pack/plan.ts'
import { packWish, type PackWish } from './pack-wish.ts'
import type { ReportKey } from './report-key.ts'

/** Where evidence is asked for, packs are made and kept, and what they are signed with. */
export interface EvidenceDesk {
  readonly ask: AskEvidence
  readonly key: ReportKey
  /** What exactly would be made, for whoever has to agree; checks the wish. */
  plan(wish: PackWish): ReturnType<typeof packWish>
  /** Takes up a pack and makes it, one after another; `overloaded` when too many wait. */
  request(tenantNo: number, wish: PackWish, approval: Approved, actor: Actor): Promise<PackRecord>
  /** How far a pack is that is being made, 0 to 1; null where it is not. */
  progress(id: string): number | null
  /** The zip of a pack that is ready. */
  open(pack: PackRecord): Promise<Readable>
  /**
   * Removes the tenant's packs that hold rows, after a person was erased who may be in them; one that is being made is given up.
   * Resolves when nothing of them is on this server's disk; other servers are told, and remove their own.
   */
  forget(tenantNo: number): Promise<void>
  /** Resolves when nothing is being made. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** What a second person agreed to; null where none is needed. */
export type Approved = { readonly id: string | null; readonly params: string; readonly ground: string } | null

export interface EvidenceDeskParts {
  readonly records: Records
  readonly clock: Clock
  readonly log: Log
  /** Null where no audit log is kept: packs come without proofs. */
  readonly audit: AuditLog | null
  /** Folder of the packs. */
  readonly dir: string
  readonly build: BuildParts
}

const WAITING_MAX = 20
const LAPSE_EVERY_MS = 3_600_000
/** Whether another server still makes a pack cannot be seen: after so long it does not. A server with records of its own knows at once. */
const MAKING_MS_MAX = 3_600_000

/** Opens the desk: what a stopped process left half made is given up and said so. */
export async function openEvidenceDesk(parts: EvidenceDeskParts): Promise<EvidenceDesk> {
  const { records, clock, log, dir, build } = parts
  const stopping = new AbortController()
  const shares = new Map<string, number>()
  let current: Making | null = null
  let sweeping: Promise<void> | undefined
  let last: Promise<void> = Promise.resolve()
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const notLapsed = (error: unknown): void => log.warn({ err: error }, 'packs did not lapse')
  await lapse(records.form === 'sqlite' ? clock.now() : clock.now() - MAKING_MS_MAX).catch(notLapsed)
  await removeDrafts()
  const timer = setInterval(() => void lapse(clock.now() - MAKING_MS_MAX).catch(notLapsed), LAPSE_EVERY_MS)
  timer.unref()
  const unsubscribe = records.onChange((change) => {
    if (change === 'all') sweep().catch((error: unknown) => log.warn({ err: error }, 'files of packs could not be removed'))
  })

  async function lapse(makingBefore: number): Promise<void> {
    await records.act('lapsePacks', { at: clock.now(), makingBefore })
    await sweep()
  }

  /** One after another: what came while one ran is seen by the next. */
  function sweep(): Promise<void> {
    const next = (sweeping ?? Promise.resolve()).catch(() => undefined).then(removeGone)
    sweeping = next
    return next
  }

  /** Removes what records say has no file any more: lapsed by time or dropped by an erasure, at whichever server that was done. */
  async function removeGone(): Promise<void> {
    const held = (await readdir(dir)).flatMap((name) => (FILE.test(name) ? [name.slice(0, -'.zip'.length)] : []))
    const making = [...shares.keys()]
    const states = await records.read.packStates([...held, ...making])
    for (const id of making) if (states.get(id) === 'lapsed' && current?.id === id) current.stop.abort(discarded())
    for (const id of held) if (states.get(id) !== 'ready' && !shares.has(id)) await rm(fileOf(id), { force: true })
  }

  /** What a process left that ended while it made a pack; this folder is this server's own. */
  async function removeDrafts(): Promise<void> {
    for (const name of await readdir(dir)) if (name.endsWith(MAKING)) await rm(join(dir, name), { recursive: true, force: true })
  }

  function fileOf(id: string): string {
    return join(dir, `${id}.zip`)
  }

  async function make(pack: PackRecord): Promise<void> {
    const stop = new AbortController()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    current = { id: pack.id, stop, ended }
    try {
      const tenant = await records.read.tenant(pack.tenantNo)
      if (tenant !== null) await makeWhole(pack, tenant, AbortSignal.any([stopping.signal, stop.signal]))
    } catch (error) {
      if (stopping.signal.aborted) return
      log.error({ err: error, pack: pack.id }, 'a pack could not be made')
      const failure = error instanceof TrailError ? error.message : 'It could not be made; the log of the server says why.'
      await rm(fileOf(pack.id), { force: true })
      await records.act('failPack', { tenantNo: pack.tenantNo, id: pack.id, failure, at: clock.now() })
    } finally {
      current = null
      shares.delete(pack.id)
      end()
    }
  }

  async function makeWhole(pack: PackRecord, tenant: Tenant, signal: AbortSignal): Promise<void> {
    if ((await records.read.packStates([pack.id])).get(pack.id) === 'lapsed') throw discarded()
    const { tenantNo, id } = pack
    const folder = await createPackFolder(join(dir, `${id}${MAKING}`))
    try {
      const onProgress = (done: number, of: number): void => void shares.set(id, done / of)
      const plan = planOf(pack, tenant, clock.now())
      const { digest, rows, log: part } = await buildPack(folder, plan, build, { signal, onProgress })
      const { event } = await records.act('notePack', { tenantNo, id, digest, rows, at: clock.now() })
      if (parts.audit !== null && part !== null && event !== null) await writeAfter(folder, parts.audit, part, event)
      const draft = join(folder.path, '.zip')
      await writeWhole(draft, writeZip(folder.zipFiles()))
      await rename(draft, fileOf(id))
      const { size: bytes } = await stat(fileOf(id))
      await records.act('finishPack', { tenantNo, id, bytes, at: clock.now() })
    } finally {
      await folder.remove()
    }
  }

  return {
    ask: build.ask,
    key: build.key,
    plan: (wish) => packWish(wish, clock.now()),
    async request(tenantNo, wish, approval, actor) {
      if (shares.size >= WAITING_MAX)
        throw new TrailError('overloaded', `${WAITING_MAX} packs are being made. Wait until one is ready.`, {
          retryAfterSeconds: 30,
        })
      const pack = { ...packWish(wish, clock.now()), id: `pck_${randomBytes(12).toString('hex')}` }
      const record = await records.act('requestPack', { tenantNo, pack, approval, at: clock.now(), actor })
      shares.set(record.id, 0)
      last = last.then(() => (stopping.signal.aborted ? undefined : make(record)))
      last.catch((error: unknown) => log.error({ err: error, pack: record.id }, 'a pack was not noted as failed'))
      return record
    },
    progress: (id) => shares.get(id) ?? null,
    async open({ id, state }) {
      if (state !== 'ready') throw new TrailError('not_found', `The pack is ${state}, so there is no file.`, { input: 'id' })
      const file = await open(fileOf(id)).catch((cause: unknown) => {
        throw new TrailError(
          'not_found',
          'The file of this pack is not on this server: ask the one that made it, or make it anew.',
          {
            input: 'id',
            cause,
          },
        )
      })
      return file.createReadStream()
    },
    async forget(tenantNo) {
      await records.act('dropPacks', { tenantNo })
      await sweep()
      if (!current?.stop.signal.aborted) return
      await current.ended
      await sweep()
    },
    settled: () => last,
    async close() {
      stopping.abort(new TrailError('stopping', 'The server is stopping.'))
      clearInterval(timer)
      unsubscribe()
      await sweeping?.catch(() => undefined)
      await last.catch(() => undefined)
    },
  }
}

/** Each piece is on disk before the next is asked for. */
async function writeWhole(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(path, 'w', 0o600)
  try {
    for await (const piece of pieces) await handle.writeFile(piece)
  } finally {
    await handle.close()
  }
}

const MAKING = '.making'
/** Files of packs; what else lies in the folder is nobody's business here. */
const FILE = /^pck_[0-9a-f]+\.zip$/

/** The pack that is being made now. */
interface Making {
  readonly id: string
  readonly stop: AbortController
  readonly ended: Promise<void>
}

function discarded(): TrailError {
  return new TrailError('pack_dropped', 'A person was erased while this pack was made, so it was discarded: ask for it again.')
}
