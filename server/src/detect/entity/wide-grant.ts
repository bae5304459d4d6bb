import { ACTORS } from 'tokentrail'
import { hashText } from './bits.ts'
import { duration, text, token } from './facts.ts'
import { principalSubject, tokenSubject, type Moment } from './moment.ts'
import { PRIVILEGED } from './rare-scope.ts'
import { DAY_MS, type EntityStep } from './step.ts'

/** So long a tenant's grants are only learned. */
const LEARN_MS = 21 * DAY_MS
/** Grants are remembered for one to two months. */
const REMEMBERED_MS = 30 * DAY_MS
const SCOPES_MAX = 32
const GRANTED = /"(?:scopes|added)":(\[[^\]]{0,4000}\])/

/** Persistence by one token: it is given a right that changes things and that no token had. */
export const wideGrant: EntityStep = {
  name: 'wide-grant',
  on: ['issued', 'widened'],
  see(moment) {
    const { event, memory, at } = moment
    if (event.kind > 1 || event.tokenNo === 0) return
    const group = { tenant: event.tenant, owner: 0 }
    const isLearned = at - (memory.tenants.get(event.tenant) ?? at) >= LEARN_MS
    const isJudged = isLearned && event.actorNo !== 0 && event.actorKind !== ACTORS.system
    let first: string | undefined
    for (const scope of scopesIn(event.detail)) {
      const value = hashText(scope)
      const { tokens } = memory.peers.ask(group, 'grant', value, event.tokenNo >>> 0, at)
      if (tokens === 0 && PRIVILEGED.test(scope)) first ??= scope
      memory.peers.add(group, 'grant', value, event.tokenNo >>> 0, at)
    }
    if (isJudged && first !== undefined) tell(moment, first)
  },
}

function scopesIn(detail: string): readonly string[] {
  const list: unknown = JSON.parse(GRANTED.exec(detail)?.[1] ?? '[]')
  return Array.isArray(list) ? list.filter((scope) => typeof scope === 'string').slice(0, SCOPES_MAX) : []
}

function tell(moment: Moment, scope: string): void {
  moment.notice({
    detector: 'wide-grant',
    severity: 'low',
    subject: tokenSubject(moment),
    tell: () => ({
      facts: { token: token(moment.event.tokenNo), scope: text(scope), span: duration(REMEMBERED_MS) },
      measured: { observed: 1, expected: { value: 0, low: 0, high: 0 }, score: { value: 1, unit: 'exact' } },
      features: ['the scope changes things or gives rights', 'no other token had it'],
      unless: ['It would not have fired if another token had been given this scope within a month.'],
      touches: [tokenSubject(moment), principalSubject(moment)],
    }),
  })
}
