import { parseArgs } from 'node:util'
import { openLog } from './support.ts'

/** A server's part in the log: issues tokens, some at a time, and prints the event of each once it is acknowledged, until it is killed. */
const { values } = parseArgs({
  options: { folder: { type: 'string' }, keys: { type: 'string' }, url: { type: 'string' }, name: { type: 'string' } },
})
const { folder = '', keys = '', url, name = 'audit' } = values
const node = await openLog({ folder, keys, ...(url === undefined ? {} : { url }), remove: () => undefined }, { name })
process.stdout.write('ready\n')

async function goOn(): Promise<never> {
  for (;;) {
    const [event] = await node.issue(1).catch(() => [undefined])
    if (event === undefined) await new Promise((resolve) => setTimeout(resolve, 50))
    else process.stdout.write(`${event}\n`)
  }
}

await Promise.all(Array.from({ length: 4 }, goOn))
