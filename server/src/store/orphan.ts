import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { commandLine, isAlive } from './process-facts.ts'

const END_PATIENCE_MS = 5000

/** Notes which process holds the folder, and for whom. */
export async function noteProcess(folder: string, pid: number | undefined): Promise<void> {
  await writeFile(join(folder, 'process.json'), JSON.stringify({ pid, server: process.pid }), { mode: 0o600 })
}

/**
 * Ends a store process whose server is gone. It ends by itself when its server dies, unless it was stopped or hangs; then it
 * would hold the lock of the folder for ever.
 */
export async function endOrphan(folder: string): Promise<void> {
  const noted = await readNote(folder)
  if (!noted || noted.server === process.pid || (await isAlive(noted.server)) || !(await isAlive(noted.pid))) return
  const line = await commandLine(noted.pid)
  if (!line.includes('store-process') || !line.includes(JSON.stringify(folder))) return
  process.kill(noted.pid, 'SIGKILL')
  for (const until = Date.now() + END_PATIENCE_MS; (await isAlive(noted.pid)) && Date.now() < until;) await after(20)
}

async function readNote(folder: string): Promise<{ pid: number; server: number } | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(join(folder, 'process.json'), 'utf8'))
    const { pid, server } = note as { pid?: unknown; server?: unknown }
    return Number.isInteger(pid) && Number.isInteger(server) ? { pid: Number(pid), server: Number(server) } : undefined
  } catch {
    return undefined
  }
}
