#!/usr/bin/env node
// In a checkout the command runs the TypeScript sources; a published package holds only dist/.
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'

const source = new URL('../src/cli/cli.ts', import.meta.url)
const inCheckout = existsSync(source)
const [major, minor] = process.versions.node.split('.').map(Number)
const recent = major > 22 || (major === 22 && minor >= (inCheckout ? 18 : 13))

if (!recent) {
  process.stderr.write(`Tokentrail needs Node 22.13 or newer (in a checkout 22.18); this is ${process.versions.node}.\n`)
  process.exit(1)
}
if (inCheckout) {
  nodeModule.registerHooks({
    resolve: (specifier, context, next) => next(specifier, { ...context, conditions: [...context.conditions, 'source'] }),
  })
}
await import(inCheckout ? source.href : new URL('../dist/cli/cli.js', import.meta.url).href)
