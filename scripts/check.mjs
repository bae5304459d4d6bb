// npm run check: format, lint, types, dead code, package shapes and layers. Every part runs; the first failures are shown whole.
import { join } from 'node:path'
import { root, setUp, step } from './set-up.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)

const parts = [
  ['format', bin('oxfmt'), ['--check', '.']],
  ['lint', bin('oxlint'), ['--type-aware', '--max-warnings=0', '.']],
  ['types', bin('tsc'), ['-p', 'tsconfig.json']],
  ['types of the dashboard', bin('tsc'), ['-p', 'dashboard']],
  ['build', bin('tsc'), ['-b', 'client', 'server']],
  ['dead code', bin('knip'), []],
  ['package shape of the client', bin('publint'), ['--strict', 'client']],
  ['types as packages see them', bin('attw'), ['--pack', 'client', '--profile', 'esm-only']],
  ['package shape of the server', bin('publint'), ['--strict', 'server']],
]

await setUp({ dashboard: false })
let failed = 0
for (const [title, command, args] of parts) if (!(await step(title, command, args))) failed += 1
if (failed > 0) process.stderr.write(`${failed} of ${parts.length} checks failed\n`)
process.exitCode = failed === 0 ? 0 : 1
