import type { Tenant } from '../../src/records/records.ts'
import { found } from '../detect/desk/found.ts'
import { type Front, NOON } from '../http/support.ts'
import { signIn } from './cast.ts'

/** A tenant with one of everything that has an id, and the words by which its answers are known. */
export interface World {
  readonly owner: string
  /** Texts of tokens: in no answer, ever. */
  readonly texts: readonly string[]
  /** What stands in answers of this tenant alone. */
  readonly marks: readonly string[]
  readonly things: Things
}

/** Public ids by what they name. */
export type Things = Readonly<Partial<Record<ThingName, string>>>
export const THING_NAMES = [
  'token',
  'finding',
  'incident',
  'leak',
  'response',
  'suppression',
  'approval',
  'grant',
  'rule',
  'session',
  'subject',
  'event',
] as const
export type ThingName = (typeof THING_NAMES)[number]

const RULE = (id: string): string => `
title: Orders are asked for
id: ${id}
description: Somebody asks for orders.
level: low
tags: [attack.t1213]
falsepositives: [Everybody]
logsource: { product: tokentrail, service: validation }
detection:
  selection: { route: /orders, outcome: accepted }
  condition: selection
tests:
  - { name: orders, fires: true, events: [{ outcome: accepted, route: /orders }] }
  - { name: health, fires: false, events: [{ outcome: accepted, route: /health }] }
`

/** Plants it through the front door, by an admin of the tenant, while separation of duties is waived. */
export async function plantWorld(front: Front, tenant: Tenant, name: string): Promise<World> {
  const owner = `zq-${name}-somebody`
  const admin = await front.token({ role: 'admin', tenant, owner: `zq-${name}-admin` })
  const ask = async (method: 'GET' | 'POST', url: string, body?: unknown) => {
    const answer = await front.call(admin.text, method, url, body)
    if (answer.status >= 400) throw new Error(`${method} ${url}: ${answer.status} ${answer.text}`)
    return answer.body
  }
  const token = await ask('POST', '/v1/tokens', { owner, scopes: ['read'], name: `zq-${name}-token` })
  for (let i = 0; i < 3; i++) await ask('POST', '/v1/validate', { token: token.token, service: `zq-${name}-service` })
  const { no, ownerNo } = (await front.records.read.token(tenant.no, token.id))!
  await front.desk.take([found({ tenant: tenant.no, detectedAt: NOON, subject: { kind: 'token', key: String(no) } })])
  const [finding] = (await ask('GET', '/v1/findings')).items
  const leak = await ask('POST', '/v1/leaks', { id: token.id, url: `https://example.com/zq-${name}-leak` })
  const response = await ask('POST', '/v1/responses', { finding: finding.id, step: 'suspend', dryRun: true })
  const { suppression } = await ask('POST', `/v1/findings/${finding.id}/suppress`, {
    reason: `zq-${name}-reason`,
    until: NOON + 3_600_000,
  })
  await ask('POST', '/v1/rules', { text: RULE(`zq-${name}-rule`), state: 'silent' })
  const actor = { no: ownerNo, kind: 'person' } as const
  const approval = {
    tenantNo: tenant.no,
    action: 'hold.set',
    params: '{}',
    ground: `zq-${name}-ground`,
    at: NOON,
    actor,
  } as const
  const asked = await front.records.act('requestApproval', approval)
  const viewer = await front.token({ tenant, role: 'viewer', owner: `zq-${name}-viewer` })
  const [grant] = await front.records.read.grantsOf((await front.records.read.token(tenant.no, viewer.id))!.no)
  await signIn(front, viewer.text)
  const [session] = await front.records.read.sessions(tenant.no)
  const [event] = (await front.rows()).filter((row) => row.tenant === tenant.no && row.tokenNo === no && row.type === 201)
  return {
    owner,
    texts: [token.token, admin.text, viewer.text],
    marks: ['somebody', 'admin', 'viewer', 'token', 'service', 'leak', 'reason', 'rule', 'ground'].map(
      (word) => `zq-${name}-${word}`,
    ),
    things: {
      token: token.id,
      finding: finding.id,
      ...(finding.incidentId ? { incident: finding.incidentId } : {}),
      leak: leak.id,
      response: response.id,
      suppression: suppression.id,
      approval: asked.id,
      grant: grant!.id,
      rule: `zq-${name}-rule`,
      session: session!.id,
      subject: owner,
      ...(event ? { event: `evt_${event.writer.toString(36)}_${event.seq.toString(36)}` } : {}),
    },
  }
}
