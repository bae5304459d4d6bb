import { openStore } from '../../src/store/open.ts'

// A server that holds a store until it is killed; it tells which process and then waits.
const [dir = ''] = process.argv.slice(2)
const silent = { info() {}, warn() {}, error() {} }
const store = await openStore({ dir, memoryBytesMax: 2 ** 30, log: silent })
process.send?.({ storePid: store.health().pid })
setInterval(() => undefined, 60_000)
