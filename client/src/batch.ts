export interface BatcherOptions<T> {
  /** Items of one batch, at most. */
  readonly batchCountMax: number
  /** Items waiting, at most; a further one is refused. */
  readonly bufferCountMax: number
  /** How long an item waits for company, in milliseconds. */
  readonly ageMsMax: number
  /** Takes one batch at a time; never rejects. */
  readonly write: (batch: readonly T[]) => Promise<void>
}

/** Collects items and hands them on in batches, one batch at a time. */
export interface Batcher<T> {
  /** False when the buffer is full; the item was not taken. */
  add(item: T): boolean
  /** Items taken and not yet written. */
  waiting(): number
  /** Resolves when everything taken so far was written. */
  flush(): Promise<void>
}

/** A batcher over a bounded buffer. */
export function createBatcher<T>({ batchCountMax, bufferCountMax, ageMsMax, write }: BatcherOptions<T>): Batcher<T> {
  let buffer: T[] = []
  let underWay = 0
  let writing: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  function add(item: T): boolean {
    if (buffer.length + underWay >= bufferCountMax) return false
    buffer.push(item)
    if (buffer.length >= batchCountMax) start()
    else timer ??= later(start, ageMsMax)
    return true
  }

  function start(): void {
    clearTimeout(timer)
    timer = undefined
    writing ??= writeAll().finally(() => (writing = undefined))
  }

  async function writeAll(): Promise<void> {
    while (buffer.length > 0) {
      const batch = buffer.slice(0, batchCountMax)
      buffer = buffer.slice(batchCountMax)
      underWay = batch.length
      await write(batch)
      underWay = 0
    }
  }

  async function flush(): Promise<void> {
    while (buffer.length > 0 || writing) {
      start()
      await writing
    }
  }

  return { add, flush, waiting: () => buffer.length + underWay }
}

/** A timer that keeps no process alive. */
function later(run: () => void, ms: number): ReturnType<typeof setTimeout> {
  const timer: ReturnType<typeof setTimeout> & { unref?: () => unknown } = setTimeout(run, ms)
  timer.unref?.()
  return timer
}
