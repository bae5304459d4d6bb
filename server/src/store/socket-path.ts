import { createHash } from 'node:crypto'
import { lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { TrailError } from '../errors.ts'

/** The kernel takes 103 bytes on macOS and 107 on Linux. */
const PATH_BYTES_MAX = 100

/** Where the store process listens: in its own folder, or in a short private folder when that path is too long for a socket. */
export async function socketPathFor(dir: string): Promise<string> {
  const own = join(resolve(dir), 'store.sock')
  if (Buffer.byteLength(own) <= PATH_BYTES_MAX) return own
  const name = `tokentrail-${createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 16)}`
  const base = Buffer.byteLength(tmpdir()) + name.length + 16 <= PATH_BYTES_MAX ? tmpdir() : '/tmp'
  return join(await privateFolder(join(base, name)), 'store.sock')
}

async function privateFolder(folder: string): Promise<string> {
  await mkdir(folder, { mode: 0o700 }).catch(() => undefined)
  const facts = await lstat(folder)
  const ours = facts.isDirectory() && facts.uid === process.getuid?.() && (facts.mode & 0o077) === 0
  if (!ours)
    throw new TrailError(
      'config_invalid',
      `${folder} must be a folder of this user alone. Remove it, or choose a data folder with a shorter path.`,
      { input: 'data' },
    )
  return folder
}
