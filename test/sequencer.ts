import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Minutes long, so it must not be what is left at the end, when one of the two workers has nothing to do. */
const FIRST = /\/test\/whole\/flood\.test\.ts$/

/** The order of Vitest, but the longest file first. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => Number(FIRST.test(b.moduleId)) - Number(FIRST.test(a.moduleId)))
  }
}
