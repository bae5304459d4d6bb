import { expect } from 'vitest'
import type { RunningServer } from './running-server.ts'

/** The parts of `GET /v1/status` that tests hold. */
export interface Status {
  readonly conservation: {
    readonly received: number
    readonly stored: number
    readonly journalled: number
    readonly inFlight: number
    readonly coalesced: number
    readonly dropped: Readonly<Record<string, number>>
  }
  readonly store: { readonly state: string; readonly restarts: number }
}

export async function statusOf(server: RunningServer): Promise<Status> {
  return (await server.call<Status>('GET', '/v1/status')).body
}

/** Waits until the store has everything, and holds the conservation of events exactly. Gives the counts. */
export async function atRest(server: RunningServer): Promise<Status['conservation']> {
  const waiting = async (): Promise<number> => {
    const { journalled, inFlight } = (await statusOf(server)).conservation
    return journalled + inFlight
  }
  await expect.poll(waiting, { timeout: 60_000, interval: 200 }).toBe(0)
  const { conservation } = await statusOf(server)
  const { received, stored, journalled, inFlight, coalesced, dropped } = conservation
  expect(stored + journalled + inFlight + coalesced + Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBe(
    received,
  )
  return conservation
}
