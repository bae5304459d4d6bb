import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** A process of the test runner that the JavaScript engine ended itself, with what it was running. */
const CRASH = /exited unexpectedly with signal (SIGTRAP|SIGILL|SIGSEGV|SIGBUS|SIGABRT) .*while running test file (\S+)$/m

/**
 * Writes which files were cut off by a crash of the engine, where nothing else went wrong, to the file named in
 * TOKENTRAIL_CRASHED: `{ crashes: [{ signal, file }], passed }`. Known crashes of V8 in Node 24 under load: nodejs/node 64841 and 66126.
 */
export default class CrashReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const out = process.env['TOKENTRAIL_CRASHED']
    const crashes = errors.flatMap((error) => crashOf(error) ?? [])
    if (!out || crashes.length === 0 || crashes.length < errors.length) return
    const files = new Set(crashes.map(({ file }) => file))
    const results = modules.filter(({ moduleId }) => !files.has(moduleId)).flatMap(resultsOf)
    if (results.includes('failed')) return
    const passed = results.filter((state) => state === 'passed').length
    writeFileSync(out, JSON.stringify({ crashes, passed }))
  }
}

function resultsOf(module: TestModule): readonly string[] {
  const states = [...module.children.allTests()].map((test) => test.result().state)
  return module.state() === 'failed' && states.length === 0 ? ['failed'] : states
}

function crashOf(error: SerializedError): { signal: string; file: string } | undefined {
  for (let each: SerializedError | undefined = error; each; each = each.cause) {
    const [, signal, file] = CRASH.exec(each.message) ?? []
    if (signal && file) return { signal, file }
  }
  return undefined
}
