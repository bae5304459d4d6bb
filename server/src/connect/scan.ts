/** One record of a file, or why it is none. `position` counts from 1, through good and bad ones. */
export type Scanned =
  | { readonly position: number; readonly value: unknown }
  | { readonly position: number; readonly refused: string }

/** Finds the records in a file that is read in chunks, holding one record at a time. */
export interface Scanner {
  /** Records that are complete with this chunk. */
  push(chunk: Uint8Array): readonly Scanned[]
  /** What is left at the end of the file. */
  end(): readonly Scanned[]
}

export const RECORD_BYTES_MAX = 1024 * 1024
export const RECORD_DEPTH_MAX = 64

/** The scanner for what a file begins with: an array, or `{"Records":[`, else a JSON value per line. */
export function scannerFor(head: Uint8Array): Scanner {
  const text = new TextDecoder().decode(head.subarray(0, 256))
  return /^\s*(?:\[|\{\s*"Records"\s*:\s*\[)/.test(text) ? createElementScanner() : createLineScanner()
}

const NEWLINE = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const BRACKET = { open: 0x5b, close: 0x5d } as const
const BRACE = { open: 0x7b, close: 0x7d } as const

/**
 * Elements of an array. Only brackets and quotes are followed; what stands between them is judged by JSON.parse, element by
 * element, so a broken one costs no other. What stands outside an array is passed over, so arrays may follow each other.
 */
function createElementScanner(): Scanner {
  const held = createHold()
  let found: Scanned[] = []
  let inside = false
  let depth = 0
  let inText = false
  let escaped = false

  function push(chunk: Uint8Array): readonly Scanned[] {
    found = []
    let from = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0
      if (inText) followText(byte)
      else if (!inside) inside = byte === BRACKET.open
      else from = follow(chunk, byte, from, i)
    }
    if (held.open) held.add(chunk.subarray(from))
    return found
  }

  function followText(byte: number): void {
    if (escaped) escaped = false
    else if (byte === BACKSLASH) escaped = true
    else if (byte === QUOTE || byte === NEWLINE) inText = false
  }

  /** Inside the array and outside quotes; gives where the element that is being read begins in this chunk. */
  function follow(chunk: Uint8Array, byte: number, from: number, i: number): number {
    const opens = byte === BRACE.open || byte === BRACKET.open
    const closes = byte === BRACE.close || byte === BRACKET.close
    if (depth === 0 && (byte === COMMA || closes)) {
      if (held.open) finish(chunk.subarray(from, i))
      inside = byte !== BRACKET.close
      return i + 1
    }
    if (!held.open && byte <= 0x20) return i + 1
    if (!held.open) from = held.start(i)
    if (byte === QUOTE) inText = true
    if (opens) held.deepest(++depth)
    if (!closes || --depth > 0) return from
    finish(chunk.subarray(from, i + 1))
    return i + 1
  }

  function finish(last: Uint8Array): void {
    held.add(last)
    found.push(held.judge())
  }

  function end(): readonly Scanned[] {
    return held.open ? [held.refuse('The file ends inside a record.')] : []
  }

  return { push, end }
}

/** A JSON value per line; empty lines are passed over. */
function createLineScanner(): Scanner {
  const held = createHold()

  function push(chunk: Uint8Array): readonly Scanned[] {
    const found: Scanned[] = []
    let from = 0
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      held.add(chunk.subarray(from, to))
      found.push(...line())
      from = to + 1
    }
    held.add(chunk.subarray(from))
    return found
  }

  function line(): readonly Scanned[] {
    if (!held.blank()) return [held.judge()]
    held.start(0)
    return []
  }

  return { push, end: line }
}

interface Hold {
  /** Is a record being read? */
  readonly open: boolean
  /** Begins a record; gives `at` back. */
  start(at: number): number
  add(bytes: Uint8Array): void
  deepest(depth: number): void
  blank(): boolean
  /** The record that was read, and makes room for the next. */
  judge(): Scanned
  refuse(why: string): Scanned
}

/** Holds the bytes of one record, never more than `RECORD_BYTES_MAX`. */
function createHold(): Hold {
  const decoder = new TextDecoder()
  let parts: Uint8Array[] = []
  let size = 0
  let depthMax = 0
  let open = false
  let position = 0

  function start(at: number): number {
    parts = []
    size = 0
    depthMax = 0
    open = true
    return at
  }

  function add(bytes: Uint8Array): void {
    size += bytes.length
    if (size > RECORD_BYTES_MAX) parts = []
    else if (bytes.length > 0) parts.push(bytes.slice())
  }

  function judge(): Scanned {
    if (size > RECORD_BYTES_MAX) return refuse(`A record may have at most ${RECORD_BYTES_MAX} bytes; this one has ${size}.`)
    if (depthMax > RECORD_DEPTH_MAX)
      return refuse(`A record may be nested ${RECORD_DEPTH_MAX} levels deep; this one has ${depthMax}.`)
    try {
      const value = JSON.parse(decoder.decode(Buffer.concat(parts))) as unknown
      close()
      return { position, value }
    } catch {
      return refuse('This is not well-formed JSON.')
    }
  }

  function refuse(refused: string): Scanned {
    close()
    return { position, refused }
  }

  function close(): void {
    position += 1
    start(0)
    open = false
  }

  return {
    get open() {
      return open
    },
    start,
    add,
    deepest: (depth) => (depthMax = Math.max(depthMax, depth)),
    blank: () => size <= RECORD_BYTES_MAX && parts.every((part) => part.every((byte) => byte <= 0x20)),
    judge,
    refuse,
  }
}
