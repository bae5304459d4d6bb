import { statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Clock } from '../clock.ts'
import type { Log } from '../config/log.ts'
import type { Actor } from '../records/records.ts'
import { appendDenial, newDenial, readDenials, rewriteDenials } from './denied-file.ts'
import type { Denial } from './denied-file.ts'

/**
 * Tokens that this node refuses at its door because somebody on this machine, or with the right to it, said so: whatever the state of
 * records. It is no revocation: what enters records is a suspension (see `reconcile.ts`), and then the denial is dropped here.
 */
export interface Denials {
  /** For the hot path: costs nothing while there is none. */
  denies(tenantNo: number, tokenId: string): boolean
  /** In force at once; resolves when it is on disk. What cannot be written is in force until this process ends, and throws. */
  add(tokenId: string, o: { readonly tenantNo: number; readonly by: Actor }): Denial
  list(): readonly Denial[]
  /** These are in records now. */
  drop(keys: ReadonlySet<string>): void
  onChange(listener: () => void): () => void
  close(): void
}

const LOOK_MS = 1000

/** Reads the file and watches it: by notice of the system, and once a second where that does not come. */
export function openDenials({ file, clock, log }: { file: string; clock: Clock; log: Log }): Denials {
  const listeners = new Set<() => void>()
  /** Added by this process and not on disk. */
  const unwritten = new Map<string, Denial>()
  let onDisk: readonly Denial[] = []
  let byToken = new Map<string, Denial[]>()
  let seen = ''
  let complaint = ''

  function look(): void {
    const now = stampOf(file)
    if (now === seen) return
    try {
      const { denials, needsKeys } = readDenials(file, clock.now())
      if (needsKeys) rewriteDenials(file, () => true, clock.now())
      onDisk = needsKeys ? readDenials(file, clock.now()).denials : denials
      tell()
      seen = needsKeys ? stampOf(file) : now
      complaint = ''
    } catch (error) {
      complain(error)
    }
  }

  function tell(): void {
    byToken = Map.groupBy([...onDisk, ...unwritten.values()], ({ tokenId }) => tokenId)
    listeners.forEach((listener) => listener())
  }

  /** What was read before stays in force. */
  function complain(error: unknown): void {
    const { message } = error as Error
    if (message !== complaint) log.error({ err: error }, 'The file of denied tokens cannot be read')
    complaint = message
  }

  look()
  const watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
    if (name === null || name === basename(file)) look()
  })
  watcher.on('error', complain)
  const looking = setInterval(look, LOOK_MS).unref()

  return {
    denies: (tenantNo, tokenId) =>
      byToken.size > 0 && (byToken.get(tokenId) ?? []).some((denial) => denial.tenantNo === null || denial.tenantNo === tenantNo),
    add(tokenId, { tenantNo, by }) {
      const denial = newDenial(tokenId, { tenantNo, at: clock.now(), by })
      unwritten.set(denial.key, denial)
      tell()
      appendDenial(file, denial)
      unwritten.delete(denial.key)
      look()
      return denial
    },
    list: () => [...byToken.values()].flat(),
    drop(keys) {
      keys.forEach((key) => unwritten.delete(key))
      if (stampOf(file) !== '') rewriteDenials(file, ({ key }) => !keys.has(key), clock.now())
      look()
      tell()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close() {
      watcher.close()
      clearInterval(looking)
    },
  }
}

/** Changes when the file does; '' while there is none. */
function stampOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : ''
}
