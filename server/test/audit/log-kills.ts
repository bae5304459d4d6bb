import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isSameHash, parseCheckpoint, parseNote, rootOf, toBase64 } from 'tokentrail/log'
import { TREE } from '../../src/audit/crypto.ts'
import { newPlace, openLog, type OpenLog, type Place } from './support.ts'

/** What was found after processes were killed at random while they issued tokens and wrote the log. */
export interface KillsFound {
  readonly kills: number
  /** Critical events whose action was answered. */
  readonly acknowledged: number
  readonly entries: number
  /** Checkpoints that somebody outside saw. */
  readonly checkpoints: number
  /** Acknowledged and not in the log. */
  readonly missing: readonly string[]
  /** Checkpoints that are not of the one history. */
  readonly forks: readonly string[]
  readonly differences: readonly object[]
}

const SCRIPT = fileURLToPath(new URL('log-node.ts', import.meta.url))
const LOOK_MS = 200

/** Runs processes for a time and kills one after another. The driver's own ledger is the oracle. */
export async function killLogNodes(o: {
  readonly url?: string
  readonly nodes: number
  readonly forMs: number
  readonly killEveryMs: number
  readonly random: () => number
}): Promise<KillsFound> {
  const place = newPlace(o.url)
  const acknowledged = new Set<string>()
  const seen = new Map<string, string>()
  try {
    const until = performance.now() + o.forMs
    const names = Array.from({ length: o.nodes }, (_, index) => `audit-${index}`)
    const looking = look(place, names, seen, until)
    const counts = await Promise.all(names.map((name) => runAndKill(place, name, acknowledged, until, o)))
    await looking
    const kills = counts.reduce((sum, count) => sum + count, 0)
    return { kills, ...(await judge(place, names[0] ?? 'audit-0', acknowledged, seen)) }
  } finally {
    place.remove()
  }
}

/**
 * Stops the process that sequences without killing it, until another has taken over and gone on; then lets it go on as well. It
 * must change nothing any more that the other has moved.
 */
export async function pauseLeader(url: string): Promise<KillsFound & { readonly byOther: number }> {
  const place = newPlace(url)
  const [first, second] = [new Set<string>(), new Set<string>()]
  const seen = new Map<string, string>()
  try {
    const leader = startNode(place, 'audit-0', first)
    await leader.ready
    await until(() => first.size > 20)
    const other = startNode(place, 'audit-1', second)
    await other.ready
    const looking = look(place, ['audit-0', 'audit-1'], seen, performance.now() + 15_000)
    leader.child.kill('SIGSTOP')
    const before = second.size
    await until(() => existsSync(join(place.folder, 'audit-1', 'checkpoint')) && second.size > before + 20)
    const covered = await sizeOf(place, 'audit-1')
    await untilAsync(async () => (await sizeOf(place, 'audit-1')) > covered)
    leader.child.kill('SIGCONT')
    const continued = first.size
    await until(() => first.size > continued + 20)
    for (const node of [leader, other]) node.child.kill('SIGKILL')
    await Promise.all([leader.gone, other.gone, looking])
    const byOther = (await sizeOf(place, 'audit-1')) - covered
    return { kills: 2, byOther, ...(await judge(place, 'audit-0', new Set([...first, ...second]), seen)) }
  } finally {
    place.remove()
  }
}

async function sizeOf(place: Place, name: string): Promise<number> {
  const file = join(place.folder, name, 'checkpoint')
  return existsSync(file) ? Number(parseCheckpoint(parseNote(readFileSync(file, 'utf8')).text).size) : 0
}

const until = (reached: () => boolean): Promise<void> => untilAsync(async () => reached())

async function untilAsync(reached: () => Promise<boolean>): Promise<void> {
  const last = performance.now() + 30_000
  while (!(await reached())) {
    if (performance.now() > last) throw new Error('not reached within 30 s')
    await setTimeout(50)
  }
}

async function runAndKill(
  place: Place,
  name: string,
  acknowledged: Set<string>,
  until: number,
  { killEveryMs, random }: { readonly killEveryMs: number; readonly random: () => number },
): Promise<number> {
  let kills = 0
  while (performance.now() < until) {
    const node = startNode(place, name, acknowledged)
    await Promise.race([node.ready, setTimeout(20_000)])
    await setTimeout(Math.max(50, Math.min(killEveryMs * 2 * random(), until - performance.now())))
    node.child.kill('SIGKILL')
    await node.gone
    kills += 1
  }
  return kills
}

/** A child that writes; what it acknowledges goes into the ledger. */
export function startNode(
  place: Place,
  name: string,
  acknowledged: Set<string>,
): { readonly child: ChildProcess; readonly ready: Promise<void>; readonly gone: Promise<void> } {
  const at = [
    '--folder',
    place.folder,
    '--keys',
    place.keys,
    '--name',
    name,
    ...(place.url === undefined ? [] : ['--url', place.url]),
  ]
  const child = spawn(process.execPath, ['--conditions=source', '--disable-warning=ExperimentalWarning', SCRIPT, ...at], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ready = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'ready') ready.resolve()
    else if (/^evt_\w+_\w+$/.test(line)) acknowledged.add(line)
  })
  child.once('exit', () => {
    ready.resolve()
    gone.resolve()
  })
  return { child, ready: ready.promise, gone: gone.promise }
}

/** Fetches checkpoints as an outsider would, and keeps every one. */
async function look(place: Place, names: readonly string[], seen: Map<string, string>, until: number): Promise<void> {
  while (performance.now() < until) {
    for (const name of names) {
      const file = join(place.folder, name, 'checkpoint')
      if (existsSync(file)) remember(readFileSync(file, 'utf8'), seen)
    }
    await setTimeout(LOOK_MS)
  }
}

/** Two roots for one size are two histories, whoever shows them. */
function remember(note: string, seen: Map<string, string>): void {
  const { origin, size, root } = parseCheckpoint(parseNote(note).text)
  const key = `${origin} ${size}`
  const known = seen.get(key)
  seen.set(key, known === undefined || known === toBase64(root) ? toBase64(root) : `${known} and ${toBase64(root)}`)
}

async function judge(
  place: Place,
  name: string,
  acknowledged: ReadonlySet<string>,
  seen: ReadonlyMap<string, string>,
): Promise<Omit<KillsFound, 'kills'>> {
  const node = await openLog(place, { name })
  try {
    await node.audit.flush(30_000)
    const { ids, leaves, origin } = await wholeLog(node)
    const missing = [...acknowledged].filter((id) => !ids.has(id))
    const forks = [...seen].filter(([key, root]) => !isOf(leaves, origin, key, root)).map(([key, root]) => `${key} ${root}`)
    const { differences } = await node.fsck()
    return { acknowledged: acknowledged.size, entries: leaves.length, checkpoints: seen.size, missing, forks, differences }
  } finally {
    await node.close()
  }
}

async function wholeLog({
  records,
  audit,
}: OpenLog): Promise<{ ids: ReadonlySet<string>; leaves: readonly Uint8Array[]; origin: string }> {
  const { shard, origin } = await audit.state()
  const ids = new Set<string>()
  const leaves: Uint8Array[] = []
  for (;;) {
    const page = await records.read.logEntries(shard, leaves.length, 5_000)
    if (page.length === 0) return { ids, leaves, origin }
    for (const { id, bytes } of page) {
      if (ids.has(id)) throw new Error(`${id} has two entries`)
      ids.add(id)
      leaves.push(TREE.leaf(bytes))
    }
  }
}

function isOf(leaves: readonly Uint8Array[], origin: string, key: string, root: string): boolean {
  const [of, size] = key.split(' ')
  if (of !== origin || Number(size) > leaves.length) return false
  return isSameHash(rootOf(TREE, leaves.slice(0, Number(size))), Buffer.from(root, 'base64'))
}
