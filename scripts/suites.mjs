// Runs the suites of bench/src, each in a process of its own whose standard output is one JSON in bench/results/.
import { mkdirSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { node, root, run, setUp } from './set-up.mjs'

const folder = join(root, 'bench', 'src')

/** Runs the suite that the command line names, with the arguments after it, or all that end in `.<kind>.ts`. */
export async function runSuites(kind) {
  const ending = `.${kind}.ts`
  const suites = readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
  const [first, ...rest] = process.argv.slice(2)
  if (first === '--help' || (first !== undefined && !suites.includes(first))) {
    process.stderr.write(`Suites: ${suites.join(', ')}. Without a name all run, one after another.\n`)
    process.exit(first === '--help' ? 0 : 2)
  }
  await setUp({ dashboard: false })
  mkdirSync(join(root, 'bench', 'results'), { recursive: true })
  for (const suite of first === undefined ? suites : [first]) await runSuite(suite, ending, rest)
}

async function runSuite(suite, ending, args) {
  const result = join('bench', 'results', `${suite}.json`)
  process.stderr.write(`${suite} …\n`)
  const output = openSync(join(root, result), 'w')
  const command = ['--conditions=source', '--disable-warning=ExperimentalWarning', join(folder, suite + ending), ...args]
  const code = await run(node(), command, { stdio: ['ignore', output, 'inherit'] })
  process.stderr.write(code === 0 ? `${suite}: ${result}\n` : `${suite} failed\n`)
  if (code !== 0) process.exitCode = 1
}
