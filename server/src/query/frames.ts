import type { Milliseconds } from 'tokentrail'
import type { Journal } from '../journal/journal.ts'
import type { Window } from './answer.ts'
import { type Frame, frameOf } from './frame.ts'
import { openReader, type ReaderParts } from './reader.ts'
import { type CountRow, readCounts } from './window-counts.ts'

/** What the questions of one window share while they are under way. */
export interface SharedFrame {
  /** Was read before anything else: whatever was received up to it is in the store when any of them answers. */
  readonly watermark: Milliseconds
  readonly counts: Promise<readonly CountRow[]>
  readonly frame: Promise<Frame & { readonly rowsRead: number }>
}

export type Frames = (tenantNo: number, window: Window) => SharedFrame

export type FrameParts = ReaderParts & { readonly journal: Journal }

const framesOf = new WeakMap<ReaderParts['store'], Frames>()

/** The frames of a store. A page asks many questions of one window at once: those that wait at the same time share one frame. */
export function sharedFrames(parts: FrameParts): Frames {
  const known = framesOf.get(parts.store)
  if (known !== undefined) return known
  const frames = createFrames(parts)
  framesOf.set(parts.store, frames)
  return frames
}

function createFrames(parts: FrameParts): Frames {
  const underway = new Map<string, SharedFrame>()

  function read(tenantNo: number, window: Window): SharedFrame {
    const watermark = parts.journal.watermark()
    const opened = openReader(parts, tenantNo)
    const counts = opened.then((reader) => readCounts(window, reader))
    // Whoever waits hears of a failure; it must not end the process when nobody does.
    counts.catch(() => undefined)
    const frame = opened.then(async (reader) => {
      const found = await frameOf(window, { ...reader, counts })
      return { ...found, rowsRead: reader.cost().rowsRead }
    })
    return { watermark, counts, frame }
  }

  return (tenantNo, window) => {
    const key = `${tenantNo} ${window.from} ${window.to}`
    const found = underway.get(key)
    if (found !== undefined) return found
    const shared = read(tenantNo, window)
    underway.set(key, shared)
    const forget = (): void => void underway.delete(key)
    shared.frame.then(forget, forget)
    return shared
  }
}
