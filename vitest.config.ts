import { defineConfig } from 'vitest/config'
import LongestFirst from './test/sequencer.ts'

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['client/test/**/*.test.ts', 'server/test/**/*.test.ts', 'dashboard/test/**/*.test.{ts,tsx}', 'test/**/*.test.ts'],
    globalSetup: ['./test/global-setup.ts'],
    reporters: ['default', './test/crash-reporter.ts', './test/summary-reporter.ts'],
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    // many tests wait for engines in processes of their own
    maxWorkers: 2,
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
