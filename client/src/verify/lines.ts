import { concat } from '../log/bytes.ts'
import { PackBroken } from './zip.ts'

const LINE_BYTES_MAX = 1 << 22
const LINE_FEED = 10

/** Lines of a file as bytes, without their line feed; the last one must have one. A view is good until the next line is asked for. */
export async function* linesOf(content: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of content) {
    const bytes = rest.length === 0 ? chunk : concat(rest, chunk)
    let from = 0
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
      yield bytes.subarray(from, end)
      from = end + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > LINE_BYTES_MAX) throw new PackBroken(`A line of this file is longer than ${LINE_BYTES_MAX} bytes.`, file)
  }
  if (rest.length > 0) throw new PackBroken('The last line of this file does not end with a line feed.', file)
}

/** A whole file, which may have at most so many bytes. */
export async function wholeOf(content: AsyncIterable<Uint8Array>, bytesMax: number, file: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of content) {
    length += chunk.length
    if (length > bytesMax) throw new PackBroken(`This file is longer than ${bytesMax} bytes.`, file)
    parts.push(chunk)
  }
  return concat(...parts)
}

/** Takes lines one at a time and can look at the next one. */
export interface LineReader {
  next(): Promise<Uint8Array | undefined>
}

/** A reader of lines; an absent file has none. */
export function readerOf(lines: AsyncIterator<Uint8Array> | undefined): LineReader {
  return {
    async next() {
      const result = await lines?.next()
      return result === undefined || result.done === true ? undefined : result.value
    },
  }
}
