import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseNote, toBase64 } from 'tokentrail/log'
import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../../errors.ts'
import type { SendMail } from '../../send/mail.ts'
import type { SendWebhook } from '../../send/webhook.ts'
import type { PublishedCheckpoint } from '../audit.ts'
import type { FileAnchor, MailAnchor, WebhookAnchor } from './config.ts'
import type { AnchorAlarm } from './witness-anchor.ts'

/** Digits of the largest size that a file name must sort. */
const SIZE_DIGITS = 16

/** Puts a checkpoint as a file that is never written over: `<directory>/<shard>/<size>.checkpoint`. */
export async function copyToFile(
  anchor: FileAnchor,
  checkpoint: PublishedCheckpoint,
  alarm: (alarm: AnchorAlarm) => Promise<void>,
): Promise<void> {
  const folder = join(anchor.directory, checkpoint.shard)
  const file = join(folder, `${String(checkpoint.size).padStart(SIZE_DIGITS, '0')}.checkpoint`)
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(file, checkpoint.note, { flag: 'wx', mode: 0o644, flush: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw failed(`The file ${file} cannot be written (${codeOf(error)}).`)
    await compare(anchor, checkpoint, file, alarm)
  }
}

/** A copy of this size is there already: it must say the same, whatever cosignatures stand beside. */
async function compare(
  anchor: FileAnchor,
  checkpoint: PublishedCheckpoint,
  file: string,
  alarm: (alarm: AnchorAlarm) => Promise<void>,
): Promise<void> {
  const there = await readFile(file, 'utf8')
  if (there.startsWith(parseNote(checkpoint.note).text)) return
  const why = `The copy ${file} says something else than the log at size ${String(checkpoint.size)}: there are two histories, or the file was changed.`
  await alarm({ check: 'fork', anchor: anchor.name, shard: checkpoint.shard, size: checkpoint.size, why })
  throw failed(why)
}

/** Sends a checkpoint as a signed message `audit.checkpoint`. */
export function copyToWebhook(
  anchor: WebhookAnchor,
  checkpoint: PublishedCheckpoint,
  at: Milliseconds,
  send: SendWebhook,
): Promise<void> {
  const { origin, size, root, note } = checkpoint
  const body = JSON.stringify({
    type: 'audit.checkpoint',
    timestamp: new Date(at).toISOString(),
    data: { origin, size, root: toBase64(root), note },
  })
  return send({ url: anchor.url, secret: anchor.secret }, { id: idOf(checkpoint), at, body })
}

/** Sends a checkpoint by mail: the note as it is, for any reader to keep. */
export function copyToMail(
  anchor: MailAnchor,
  checkpoint: PublishedCheckpoint,
  signal: AbortSignal,
  send: SendMail,
): Promise<void> {
  const { origin, size, note } = checkpoint
  const text = `Keep this message. It fixes the first ${String(size)} entries of the audit log ${origin}: whoever changes one of them later\ncan no longer show a log that agrees with it. To check a log against it, save what follows as a file and pass it to\n"tokentrail verify --older".\n\n${note}`
  const subject = `Checkpoint of ${origin}: ${String(size)} entries`
  return send(anchor, { id: `${idOf(checkpoint)}@tokentrail.invalid`, subject, text }, signal)
}

/** The same for each try and for each server that sends the same checkpoint. */
function idOf({ origin, size }: PublishedCheckpoint): string {
  return `checkpoint_${createHash('sha256').update(origin).digest('hex').slice(0, 16)}_${String(size)}`
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

function failed(message: string): TrailError {
  return new TrailError('anchor_failed', message)
}
