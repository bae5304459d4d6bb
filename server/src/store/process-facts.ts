import { readFile } from 'node:fs/promises'

const PAGE_BYTES = 4096

/** Resident memory of a process as Linux tells it; 0 where it cannot be told. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  const pages = (await proc(pid, 'statm')).split(' ')[1]
  return Number(pages ?? 0) * PAGE_BYTES
}

/** Whether somebody has stopped a process (SIGSTOP, a debugger). */
export async function isStopped(pid: number | undefined): Promise<boolean> {
  return ['T', 't'].includes(await stateOf(pid))
}

/** The command line of a process; empty when there is none. */
export async function commandLine(pid: number): Promise<string> {
  return (await proc(pid, 'cmdline')).replaceAll('\0', ' ')
}

/** Whether a process lives, even if stopped. One that ended and was not yet collected by its parent is dead. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return (await stateOf(pid)) !== 'Z'
}

/** One letter, as in `ps`; empty where it cannot be told. */
async function stateOf(pid: number | undefined): Promise<string> {
  const facts = await proc(pid, 'stat')
  return facts.charAt(facts.lastIndexOf(')') + 2)
}

async function proc(pid: number | undefined, file: string): Promise<string> {
  return pid === undefined ? '' : readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
}
