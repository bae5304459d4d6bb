// npm run proof: the long fault tests; `npm run proof -- kills --kills 10` runs one suite with its arguments.
import { runSuites } from './suites.mjs'

await runSuites('proof')
