import { afterAll, expect, test } from 'vitest'
import { killUnderLoad } from './kill-under-load.ts'
import { temporaryFolder } from './running-server.ts'

/** The proof suite kills a hundred times. */
const KILLS = 10

const folder = temporaryFolder()
afterAll(() => folder.remove())

test(`every acknowledged validation is in the store once after ${KILLS} kills under load`, { timeout: 300_000 }, async () => {
  const { acknowledged, ...found } = await killUnderLoad(folder.path, KILLS)
  expect(found).toMatchObject({ missing: [], doubled: [], strangers: [] })
  expect(acknowledged).toBeGreaterThanOrEqual(KILLS * 40)
})
