import { parentPort } from 'node:worker_threads'
import { readBlock, type BlockTask } from './block.ts'

/** Reads one block after another. */
parentPort?.on('message', (task: BlockTask) => parentPort?.postMessage(readBlock(task)))
