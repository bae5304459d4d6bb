import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { TYPES } from 'tokentrail'
import { describe, expect, it } from 'vitest'
import type { Records, TokenRecord } from '../../src/records/records.ts'
import { hasEnded } from '../../src/records/token-state.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOf, issue, newToken, NOW } from './fixture.ts'

type Act = (records: Records, token: TokenRecord, at: number) => Promise<unknown>

const named = ({ tenantNo, id }: TokenRecord, at: number) => ({ tenantNo, id, at, actor: ADMIN })
const numbered = ({ tenantNo, no }: TokenRecord, at: number) => ({ tenantNo, no, at, facts: {} })

/** Everything that may befall one token. */
const ACTS: Readonly<Record<string, Act>> = {
  use: (records, token, at) => records.act('useToken', numbered(token, at)),
  consume: (records, token, at) => records.act('consumeToken', numbered(token, at)),
  fail: (records, token, at) => records.act('attemptToken', { ...numbered(token, at), succeeded: false }),
  succeed: (records, token, at) => records.act('attemptToken', { ...numbered(token, at), succeeded: true }),
  revoke: (records, token, at) => records.act('revokeToken', { ...named(token, at), reason: 'policy' }),
  suspend: (records, token, at) => records.act('suspendToken', { ...named(token, at), until: at + 20 }),
  resume: (records, token, at) => records.act('resumeToken', named(token, at)),
  extend: (records, token, at) => records.act('changeToken', { ...named(token, at), change: { expiresAt: at + 50 } }),
  sweep: (records, _, at) => records.act('sweep', { at, max: 1_000, purgeBefore: 0 }),
  rotate: (records, token, at) =>
    records.act('rotateToken', {
      ...named(token, at),
      successor: newToken({ no: token.tenantNo }),
      graceUntil: at + 30,
      reason: 'scheduled',
    }),
}

const steps = fc.array(fc.record({ name: fc.constantFrom(...Object.keys(ACTS)), later: fc.nat(15) }), {
  minLength: 1,
  maxLength: 15,
})

const ENDING_TYPES = new Set<number>(
  (['token.consumed', 'token.revoked', 'token.exhausted', 'token.locked'] as const).map((name) => TYPES[name].id),
)

export function describeHistories(open: Open): void {
  describe('any history of a token', () => {
    it('ends it at most once, never brings it back, and counts every change', { timeout: 60_000 }, async () => {
      const tenant = await addTenant(open())
      await fc.assert(
        fc.asyncProperty(steps, async (history) => {
          const first = await issue(open(), tenant, { usesMax: 3, attemptsMax: 3, expiresAt: NOW + 60 })
          let [before, at] = [first, NOW]
          for (const { name, later } of history) {
            at += later
            await ACTS[name]!(open(), first, at)
            const after = await open().read.tokenByNo(first.no)
            holds(before, after!, at)
            before = after!
          }
          const endings = (await eventsOf(open(), tenant)).filter(
            ({ tokenNo, type }) => tokenNo === first.no && ENDING_TYPES.has(type),
          )
          expect(endings).toHaveLength(['consumed', 'revoked', 'exhausted', 'locked'].includes(before.ending ?? '') ? 1 : 0)
          for (const { writer, seq } of endings) expect([writer, seq]).toEqual([before.endedByWriter, before.endedBySeq])
          await open().act('forgetOutbox', { events: await open().outbox(10_000) })
        }),
        { numRuns: 25 },
      )
    })
  })
}

function holds(before: TokenRecord, after: TokenRecord, at: number): void {
  const isSame = isDeepStrictEqual(after, before)
  expect({
    endedStaysAsItIs: before.endedAt === null || isSame,
    endedStaysEnded: !hasEnded(before, at) || hasEnded(after, at),
    changesAreCounted: isSame || after.version > before.version,
    endsNotAheadOfTime: (after.endedAt ?? at) <= at,
    usesAreBounded: (after.usesLeft ?? 0) >= (after.ending === 'exhausted' ? 0 : 1),
    attemptsAreBounded: after.attemptsUsed <= 3,
  }).toEqual({
    endedStaysAsItIs: true,
    endedStaysEnded: true,
    changesAreCounted: true,
    endsNotAheadOfTime: true,
    usesAreBounded: true,
    attemptsAreBounded: true,
  })
}
