import type { Milliseconds } from 'tokentrail'
import type { Journal } from '../journal/journal.ts'
import type { Window } from './answer.ts'
import { type Frame, frameOf } from './frame.ts'
import { openReader, type ReaderParts } from './reader.ts'

/** A frame with the watermark that was read before it. */
export type WatermarkedFrame = Frame & { readonly watermark: Milliseconds }

/**
 * Frames of windows. A page asks many questions of one window at once: those that wait at the same time share one frame. The
 * watermark is read first, so whatever was received up to it is in the store when any of them answers.
 */
export function createFrames(
  parts: ReaderParts & { readonly journal: Journal },
): (tenantNo: number, window: Window) => Promise<WatermarkedFrame> {
  const underway = new Map<string, Promise<WatermarkedFrame>>()

  async function read(tenantNo: number, window: Window): Promise<WatermarkedFrame> {
    const watermark = parts.journal.watermark()
    return { watermark, ...(await frameOf(window, await openReader(parts, tenantNo))) }
  }

  return (tenantNo, window) => {
    const key = `${tenantNo} ${window.from} ${window.to}`
    const found = underway.get(key)
    if (found !== undefined) return found
    const frame = read(tenantNo, window).finally(() => underway.delete(key))
    underway.set(key, frame)
    return frame
  }
}
