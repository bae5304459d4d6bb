// npm run bench: every suite, or those that are named; `npm run bench -- questions --events 1000000`. Each writes one JSON to bench/results/.
import { mkdirSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { node, root, run, setUp } from './set-up.mjs'

const folder = join(root, 'bench', 'src')
const suites = readdirSync(folder)
  .filter((name) => name.endsWith('.suite.ts'))
  .map((name) => name.replace('.suite.ts', ''))
const [first, ...rest] = process.argv.slice(2)

if (first === '--help' || (first !== undefined && !suites.includes(first))) {
  process.stderr.write(`Suites: ${suites.join(', ')}. Without a name all run, one after another.\n`)
  process.exit(first === '--help' ? 0 : 2)
}

await setUp({ dashboard: false })
mkdirSync(join(root, 'bench', 'results'), { recursive: true })
for (const suite of first === undefined ? suites : [first]) {
  const result = join('bench', 'results', `${suite}.json`)
  process.stderr.write(`${suite} …\n`)
  const code = await run(
    node(),
    ['--conditions=source', '--disable-warning=ExperimentalWarning', join(folder, `${suite}.suite.ts`), ...rest],
    {
      stdio: ['ignore', openSync(join(root, result), 'w'), 'inherit'],
    },
  )
  process.stderr.write(code === 0 ? `${suite}: ${result}\n` : `${suite} failed\n`)
  if (code !== 0) process.exitCode = 1
}
