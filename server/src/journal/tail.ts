import { readFileSync } from 'node:fs'
import { reasonId, TYPES } from 'tokentrail'
import type { LossReason } from 'tokentrail'
import type { Clock } from '../clock.ts'
import { blankEvent } from '../event/row.ts'
import type { Journal } from './journal.ts'

/** Which run wrote last, and whether it ended in order. */
interface Run {
  readonly writer: number
  /** Changes with every start of the machine. */
  readonly boot: string
  readonly ended: boolean
  readonly at: number
}

const NOTE = 'run'

/**
 * Declares what nobody can count. A kill loses nothing. But when the machine itself went down while the journal was open, up to 50 ms
 * of it may never have reached the disk; and a journal that was damaged beyond opening is gone with what waited in it.
 */
export async function watchTail(o: {
  journal: Journal
  /** Tenant that keeps what is said of the whole journal. */
  tenant: number
  retention: number
  clock: Clock
  /** Where the file went that was damaged. */
  setAside: string | null
  boot?: string
}): Promise<{ close(): Promise<void> }> {
  const { journal, clock, setAside, boot = bootId() } = o
  const note = (ended: boolean): Promise<void> => {
    const run: Run = { writer: journal.writer, boot, ended, at: clock.now() }
    return journal.passed('ship', 0, undefined, new Map([[NOTE, JSON.stringify(run)]]))
  }
  const declare = (reason: LossReason, said: object): Promise<unknown> =>
    journal.append({
      ...blankEvent(),
      tenant: o.tenant,
      retention: o.retention,
      occurredAt: clock.now(),
      type: TYPES['loss.declared'].id,
      reason: reasonId(reason),
      detail: JSON.stringify({ count: null, ...said, to: clock.now() }),
    })

  const known = (await journal.notes('ship')).get(NOTE)
  const last = known === undefined ? undefined : (JSON.parse(known) as Run)
  if (setAside !== null) await declare('journal_failed', { what: 'the journal was damaged and set aside' })
  if (last && !last.ended && last.boot !== boot && boot !== '')
    await declare('writer_died', { what: 'the last 50 ms before the machine went down', writer: last.writer, from: last.at })
  await note(false)
  return { close: () => note(true).catch(() => undefined) }
}

/** '' where the system does not tell. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
