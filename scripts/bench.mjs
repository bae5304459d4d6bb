// npm run bench: measurements; `npm run bench -- questions --events 1000000` runs one suite with its arguments.
import { runSuites } from './suites.mjs'

await runSuites('suite')
