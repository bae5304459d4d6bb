import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { RunningServer } from './running-server.ts'

const REST_MS_MAX = 120_000

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
  const deadline = Date.now() + REST_MS_MAX
  for (let last = -1, still = 0; still < 2;) {
    const { received, journalled, inFlight } = (await statusOf(server)).conservation
    // Asking is itself an event now and then, so one or two may always be under way.
    still = journalled + inFlight <= 2 && received - last <= 2 ? still + 1 : 0
    last = received
    assert.ok(Date.now() < deadline, `the store did not take everything: ${journalled} wait`)
    await setTimeout(100)
  }
  const { conservation } = await statusOf(server)
  const { received, stored, journalled, inFlight, coalesced, dropped } = conservation
  assert.equal(
    stored + journalled + inFlight + coalesced + Object.values(dropped).reduce((sum, count) => sum + count, 0),
    received,
  )
  return conservation
}
