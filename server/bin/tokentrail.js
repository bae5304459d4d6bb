#!/usr/bin/env node
// In a checkout the command runs the TypeScript sources; a published package holds only dist/.
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'

const source = new URL('../src/cli/cli.ts', import.meta.url)
const inCheckout = existsSync(source)
if (inCheckout) {
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, 'source'] }),
  })
}
await import(inCheckout ? source.href : new URL('../dist/cli/cli.js', import.meta.url).href)
