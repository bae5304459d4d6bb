import { readFileSync } from 'node:fs'
import { formatToken } from 'tokentrail'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { atRest } from './conservation.ts'
import { startServer, temporaryFolder } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

const FLOOD = 1_000_000
const BATCH = 1000
/** From the half of the flood to its end; a hundred bytes kept for each token would be 48 MiB more, a kept event 200. */
const GROWTH_MIB_MAX = 128

const folder = temporaryFolder()
let server: RunningServer
beforeAll(async () => {
  server = await startServer(folder.path)
})
afterAll(async () => {
  await server.kill()
  folder.remove()
})

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A well-formed token that nobody issued; its checksum is right, so that the door must look it up. */
function unknownToken(no: number): string {
  const id = Array.from({ length: 16 }, (_, i) => DIGITS[Math.floor(no / 62 ** (i % 5) + i * 7) % 62]).join('')
  return formatToken('ttk', id, 'A'.repeat(43))
}

function residentMib(pid: number): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return Number(kib) / 1024
}

// The timeout only ends a hang: four minutes on two idle cores, more beside other tests.
test(
  'a flood of a million unknown tokens is counted exactly, in flat memory, and good tokens are not harmed',
  { timeout: 1_200_000 },
  async () => {
    const token = (await server.call<{ token: string }>('POST', '/v1/tokens', { kind: 'access', owner: 'good' })).body.token
    const before = await atRest(server)
    let accepted = 0
    const flood = async (from: number, to: number): Promise<void> => {
      for (let start = from; start < to; start += BATCH) {
        const unknown = Array.from({ length: BATCH - 1 }, (_, i) => ({ token: unknownToken(start + i), ip: address(start + i) }))
        const { status, body } = await server.call<{ items: { verdict: string }[] }>('POST', '/v1/validate', {
          items: [...unknown, { token }],
        })
        expect(status).toBe(200)
        accepted += body.items.filter((item) => item.verdict === 'accepted').length
      }
    }
    await flood(0, FLOOD / 2)
    const early = residentMib(server.pid)
    await flood(FLOOD / 2, FLOOD)
    const late = residentMib(server.pid)
    const after = await atRest(server)
    const own = FLOOD / BATCH
    expect(accepted).toBe(own)
    expect(late - early).toBeLessThan(GROWTH_MIB_MAX)
    expect(after.received - before.received).toBeGreaterThanOrEqual(FLOOD)
    const all = await totals()
    expect((all?.invalid ?? 0) + (all?.forbidden ?? 0) + (all?.throttled ?? 0) + (all?.unavailable ?? 0)).toBe(FLOOD - own)
    expect((await totals(token.split('_')[1]))?.accepted).toBe(own)
  },
)

/** A network of its own for each token, as a botnet would have. */
function address(no: number): string {
  return `${20 + ((no >> 16) % 100)}.${(no >> 8) & 255}.${no & 255}.7`
}

interface Totals {
  readonly accepted: number
  readonly invalid: number
  readonly forbidden: number
  readonly throttled: number
  readonly unavailable: number
}

async function totals(token?: string): Promise<Totals | undefined> {
  const window = { from: String(Date.now() - 3_600_000), to: String(Date.now() + 60_000) }
  const query = new URLSearchParams(token === undefined ? window : { ...window, token })
  return (await server.call<{ rows: Totals[] }>('GET', `/v1/questions/totals?${query.toString()}`)).body.rows[0]
}
