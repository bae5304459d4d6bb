import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** Ends the run with one plain line that any reader of logs understands. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const counts = { passed: Number(process.env['TOKENTRAIL_PASSED_BEFORE'] ?? 0), failed: 0, skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state !== 'pending') counts[state] += 1
      }
      if (module.state() === 'failed' && module.children.size === 0) counts.failed += 1
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
    const other = errors.length > 0 ? `, ${errors.length} errors outside of tests` : ''
    process.on('exit', () => process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}${other}\n`))
  }
}
