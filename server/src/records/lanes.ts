import { TrailError } from '../errors.ts'

/** Writer numbers of which each is used by one transaction at a time. */
export interface Lanes {
  readonly writers: ReadonlySet<number>
  /** Waits for a free number. Refused when too many wait already. */
  take(): Promise<number>
  give(writer: number): void
  /** From now on another number is used in this one's place. */
  replace(writer: number, by: number): void
  /** Refuses what comes and waits for what runs. */
  close(): Promise<void>
}

/** Actions that may wait for a lane; beyond it they are refused at once. */
const WAITING_MAX = 20_000

export function createLanes(numbers: readonly number[]): Lanes {
  const writers = new Set(numbers)
  const free = [...numbers]
  const waiting: ((writer: number) => void)[] = []
  const replacements = new Map<number, number>()
  let closed: PromiseWithResolvers<void> | undefined

  return { writers, take, give, replace, close }

  async function take(): Promise<number> {
    if (closed) throw new TrailError('records_unavailable', 'The records are closed; nothing was changed.')
    const writer = free.pop()
    if (writer !== undefined) return writer
    if (waiting.length >= WAITING_MAX) {
      const message = `${WAITING_MAX} changes wait for the records; nothing was changed, try again later.`
      throw new TrailError('records_unavailable', message, { retryAfterSeconds: 1 })
    }
    return new Promise((resolve) => waiting.push(resolve))
  }

  function give(given: number): void {
    const writer = replacements.get(given) ?? given
    replacements.delete(given)
    const next = waiting.shift()
    if (next) next(writer)
    else free.push(writer)
    if (closed && free.length === writers.size) closed.resolve()
  }

  function replace(writer: number, by: number): void {
    writers.delete(writer)
    writers.add(by)
    const index = free.indexOf(writer)
    if (index === -1) replacements.set(writer, by)
    else free[index] = by
  }

  async function close(): Promise<void> {
    closed ??= Promise.withResolvers<void>()
    if (free.length === writers.size) closed.resolve()
    await closed.promise
  }
}
