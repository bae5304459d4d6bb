import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../../../../proof/independent/verify.go', import.meta.url))
const GOPATH = process.env['TOKENTRAIL_GOPATH'] ?? '/usr/share/gocode'

/** The independent program, built once and asked about one directory after another. */
export interface Independent {
  /** Its line of answer: `ok …` or `BAD …`. */
  ask(directory: string): Promise<string>
  close(): void
}

/** Whether Go and its packaged x/mod are here. Where they are not, it is said loudly: nothing else shows that others can verify. */
export function hasGo(): boolean {
  const isHere = existsSync(join(GOPATH, 'src/golang.org/x/mod/sumdb/tlog')) && spawnSync('go', ['version']).status === 0
  if (!isHere) process.stderr.write('SKIPPED audit.independent: needs go; without it "others can verify" is unproven here\n')
  return isHere
}

/** Builds and starts the program. */
export function openIndependent(args: readonly string[]): Independent {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrail-independent-'))
  const env = { ...process.env, GO111MODULE: 'off', GOPATH, GOCACHE: join(folder, 'cache'), GOFLAGS: '' }
  const built = spawnSync('go', ['build', '-o', join(folder, 'verify'), SOURCE], { env, encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`The independent program does not build: ${built.stderr}`)
  const child = spawn(join(folder, 'verify'), [...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async ask(directory) {
      child.stdin.write(`${directory}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('The independent program ended')
      return value
    },
    close() {
      child.stdin.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
