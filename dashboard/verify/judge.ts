import { TokentrailError } from 'tokentrail/log'
import {
  fails,
  PackBroken,
  readTrust,
  verification,
  verifyPack,
  type PackManifest,
  type Trust,
  type Verification,
} from 'tokentrail/verify'
import { CRYPTO, openFile, sha256Stream } from './platform.ts'

/** What was found about a pack. */
export interface Judged extends Verification {
  readonly manifest: PackManifest | undefined
}

/** The reader's keys: what they are, or what is wrong with them. Nothing where there are none. */
export function readKeys(text: string): { readonly trust?: Trust; readonly wrong?: string } {
  if (text.trim() === '') return {}
  try {
    return { trust: readTrust(CRYPTO, text) }
  } catch (error) {
    if (error instanceof TokentrailError) return { wrong: `These keys cannot be read: ${error.message}.` }
    throw error
  }
}

/** Notes that were pasted one below the other: each ends with its signatures. */
export function readNotes(text: string): string[] {
  const lines = text
    .replaceAll('\r', '')
    .split('\n')
    .map((line) => line.trimEnd())
  const notes: string[][] = [[]]
  lines.forEach((line, at) => {
    const isNew =
      line !== '' &&
      !line.startsWith('— ') &&
      /^(— .*)?$/.test(lines[at - 1] ?? '') &&
      (notes.at(-1) ?? []).some((each) => each.startsWith('— '))
    if (isNew) notes.push([])
    notes.at(-1)?.push(line)
  })
  return notes.map((each) => `${each.join('\n').trim()}\n`).filter((note) => note !== '\n')
}

/** Verifies a pack. Whatever is wrong with it is an answer, not an error. */
export async function judge(
  file: Blob,
  trust: Trust | undefined,
  older: readonly string[],
  onProgress: (entries: number) => void,
): Promise<Judged> {
  try {
    const folder = await openFile(file)
    return await verifyPack({ folder, trust, older, crypto: CRYPTO, sha256Stream, now: Date.now(), onProgress })
  } catch (error) {
    if (!(error instanceof PackBroken)) throw error
    const first = error.file === undefined ? {} : { file: error.file }
    return { ...verification([fails('manifest', error.message, first)]), manifest: undefined }
  }
}
