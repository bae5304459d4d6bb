import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { moduleUrl, nodeArguments } from '../../runtime.ts'
import { BLOCK_LEAVES, readBlock, type BlockFound, type BlockTask } from './block.ts'

const THREADS_MAX = 8

/** Reads all blocks of a log, many at once, and hands them on in order. At most two per thread are held. */
export async function readBlocks(
  log: {
    readonly directory: string
    readonly size: number
    readonly cuts: readonly number[]
    readonly threads?: number | undefined
  },
  take: (found: BlockFound) => void,
): Promise<void> {
  const count = Math.ceil(log.size / BLOCK_LEAVES)
  const taskOf = (block: number): BlockTask => ({
    directory: log.directory,
    size: log.size,
    block,
    cuts: log.cuts.filter((cut) => cut > block * BLOCK_LEAVES && cut <= (block + 1) * BLOCK_LEAVES),
  })
  const threads = Math.min(count, log.threads ?? Math.min(THREADS_MAX, availableParallelism()))
  if (threads <= 1) for (let block = 0; block < count; block++) take(readBlock(taskOf(block)))
  else await readInThreads({ count, threads, taskOf }, take)
}

async function readInThreads(
  work: { readonly count: number; readonly threads: number; readonly taskOf: (block: number) => BlockTask },
  take: (found: BlockFound) => void,
): Promise<void> {
  const workers = Array.from({ length: work.threads }, () => {
    return new Worker(moduleUrl('./block-thread', import.meta.url), { execArgv: [...nodeArguments] })
  })
  try {
    await new Promise<void>((resolve, reject) => {
      const waiting = new Map<number, BlockFound>()
      let [given, taken] = [0, 0]
      const idle: Worker[] = []
      const give = (): void => {
        while (idle.length > 0 && given < work.count && given < taken + 2 * work.threads)
          idle.pop()?.postMessage(work.taskOf(given++))
      }
      const receive = (found: BlockFound): void => {
        waiting.set(found.block, found)
        for (let next = waiting.get(taken); next; next = waiting.get(taken)) {
          waiting.delete(taken++)
          take(next)
        }
        if (taken === work.count) resolve()
      }
      for (const worker of workers) {
        idle.push(worker)
        worker.on('message', (found: BlockFound) => {
          idle.push(worker)
          receive(found)
          give()
        })
        worker.on('error', reject)
      }
      give()
    })
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
