// npm start: set up, then `tokentrail demo`; `npm start -- start --data DIR` and every other command work too.
import { node, run, setUp } from './set-up.mjs'

const given = process.argv.slice(2)
await setUp()
const isCommand = given[0] !== undefined && !given[0].startsWith('-')
const wantsHelp = given[0] === '--help' || given[0] === '-h' || given[0] === '--version'
const command = isCommand || wantsHelp ? given : ['demo', ...given]
process.exitCode = await run(node(), ['server/bin/tokentrail.js', ...command])
