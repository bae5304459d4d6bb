import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Front, openFront } from '../http/support.ts'

const CLI = fileURLToPath(new URL('../../src/cli/cli.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tokentrail-cli-report-'))

let front: Front
let env: Readonly<Record<string, string>>

beforeAll(async () => {
  front = await openFront()
  await front.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = front.app.server.address() as AddressInfo
  const { text } = await front.token({ role: 'analyst' })
  env = { TOKENTRAIL_URL: `http://127.0.0.1:${port}`, TOKENTRAIL_TOKEN: text, NO_COLOR: '1' }
})
afterAll(async () => {
  await front.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--conditions=source', CLI, ...args], { env: { ...process.env, ...env } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    )
  })
}

describe('tokentrail report', () => {
  test('writes a file whose name says its form, and talks on standard error alone', async () => {
    const file = join(folder, 'tokens.csv')
    const { code, out, err } = await run('report', 'token-inventory', '--out', file)
    expect([code, out]).toEqual([0, ''])
    expect(err).toMatch(/^token-inventory: [\d,]+ bytes in .*tokens\.csv\n$/)
    expect(readFileSync(file, 'utf8')).toMatch(/^\u{FEFF}Token inventory\r\n[^]*"End of report, rows",1\r\n$/u)
  }, 30_000)

  test('writes data alone to standard output', async () => {
    const { code, out, err } = await run('report', 'token-inventory', '--format', 'ndjson', '--quiet')
    expect([code, err]).toEqual([0, ''])
    const lines = out.trim().split('\n')
    expect(lines.map((line) => Object.keys(JSON.parse(line))[0])).toEqual(['meta', 'section', 'end'])
  }, 30_000)

  test('leaves no file where the role sees nothing, and says why', async () => {
    const file = join(folder, 'withheld.pdf')
    const { text } = await front.token({ role: 'viewer' })
    const { code, err } = await new Promise<Ended>((resolve) => {
      const args = ['--conditions=source', CLI, 'report', 'token-inventory', '--out', file]
      execFile(process.execPath, args, { env: { ...process.env, ...env, TOKENTRAIL_TOKEN: text } }, (error, out, said) =>
        resolve({ code: error ? Number(error.code) : 0, out, err: said }),
      )
    })
    expect([code, existsSync(file), existsSync(`${file}.part`)]).toEqual([4, false, false])
    expect(err).toContain('not_permitted')
  }, 30_000)
})
