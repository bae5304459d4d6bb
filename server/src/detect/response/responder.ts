import { createHash, randomBytes } from 'node:crypto'
import type { Milliseconds } from 'tokentrail'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../config/log.ts'
import { TrailError } from '../../errors.ts'
import type { KeyEncryption } from '../../privacy/wrap.ts'
import type { Ask } from '../../query/ask.ts'
import type { FindingRecord } from '../../records/findings.ts'
import type { Actor, Records, TokenRecord } from '../../records/records.ts'
import {
  RESPONSE_TOKENS_MAX,
  SUSPEND_MS_MAX,
  THROTTLE_MS_MAX,
  type NewResponse,
  type ResponseRecord,
  type Step,
} from '../../records/responses.ts'
import type { NoticeSent } from '../desk/docket.ts'
import { findingId } from '../desk/identity.ts'
import { foundOf } from '../desk/quiet-time.ts'
import type { Found } from '../finding.ts'
import { createDoer } from './doer.ts'
import { automaticStep, type KeptPlaybook, playbookOf } from './playbook.ts'
import { provenToken, provenTokens } from './proven.ts'
import { stakesOf } from './stakes.ts'
import type { MailTarget, SendMail } from '../../send/mail.ts'
import type { SendWebhook } from '../../send/webhook.ts'

export interface ResponderParts {
  readonly records: Records
  readonly ask: Ask
  readonly clock: Clock
  readonly log: Log
  readonly send: SendWebhook
  /** Opens the secret that signs what is sent. */
  readonly kek: KeyEncryption
  /** Absent where no mail server is configured. */
  readonly mail?: Mailing | undefined
}

/** How mail about findings goes out. */
export interface Mailing {
  readonly send: SendMail
  readonly server: Omit<MailTarget, 'to'>
  /** Under which the dashboard is reached, for links; without it a message names only ids. */
  readonly link?: string | undefined
}

/** What a person wants done about a finding. */
export interface ResponseWish {
  readonly findingId: string
  readonly step: Step
  /** Public ids; the finding's own token where none is named. */
  readonly tokens?: readonly string[]
  readonly rate?: { readonly count: number; readonly windowMs: number }
  readonly until?: Milliseconds
  /** As the playbook says where it is not said. */
  readonly dryRun?: boolean
  readonly reason?: string
}

/** Who acts, and whether their word counts as one of those that are needed. */
export interface Proposer {
  readonly actor: Actor
  readonly mayApprove: boolean
}

/** What is done about findings: proposed, agreed to, done, and undone. Nothing is done twice, and nothing is said to be done before it is. */
export interface Responder {
  /**
   * Findings that the desk has kept: starts what the playbook lets start by itself. Rejects with `records_unavailable`: say
   * it again; what is proposed already is not proposed twice.
   */
  consider(found: readonly Found[]): Promise<void>
  /** Somebody is told of an incident. */
  notice(tenantNo: number, notice: NoticeSent): Promise<void>
  propose(tenantNo: number, wish: ResponseWish, who: Proposer): Promise<ResponseRecord>
  approve(tenantNo: number, id: string, actor: Actor): Promise<ResponseRecord>
  decline(tenantNo: number, id: string, note: string | null, actor: Actor): Promise<ResponseRecord>
  undo(tenantNo: number, id: string, actor: Actor): Promise<ResponseRecord>
  close(): Promise<void>
}

const HOUR_MS = 3_600_000
/** What was found in history stops nothing by itself: it is over, or known. */
const OLD_MS = HOUR_MS
const SYSTEM: Actor = { no: 0, kind: 'system' }

/** Opens the responder; what was approved and not yet done is taken up again. */
export function createResponder(parts: ResponderParts): Responder {
  const { records, clock, log } = parts
  const doer = createDoer(parts)

  /** Of a step that needs nobody any more: it is done now, and tried again later where that fails. */
  async function settled(response: ResponseRecord): Promise<ResponseRecord> {
    return response.state === 'approved' ? doer.run(response) : response
  }

  async function automatic(found: Found): Promise<void> {
    if (found.detectedAt < clock.now() - OLD_MS) return
    const playbook = await playbookOf(records.read, found.tenant)
    const step = automaticStep(playbook, found)
    const finding = step && (await findingOf(found))
    if (!step || !finding || finding.state === 'suppressed' || finding.state === 'closed') return
    if (found.detector === 'leaked-token' && !(await isConfirmedLeak(found))) return
    const token = (await records.read.tokensByNo([provenToken(found) ?? 0])).find(({ tenantNo }) => tenantNo === found.tenant)
    if (!token) return
    const at = clock.now()
    const hours = step === 'suspend' ? playbook.suspendHours : playbook.throttleHours
    const stakes = await stakesOf(parts, [token])
    const persons = stakes.fourEyes.length > 0 || playbook.secondPerson.includes(step) ? 2 : 0
    const response: NewResponse = {
      ...baseOf(finding, step, [token]),
      id: `rsp_${digest([finding.id, step, token.no])}`,
      rate: step === 'throttle' ? playbook.rate : null,
      until: at + hours * HOUR_MS,
      automatic: persons === 0,
      dryRun: !playbook.live.includes(step),
      approvalsNeeded: persons,
      because: [...stakes.fourEyes, ...(playbook.secondPerson.includes(step) ? ['the playbook wants a second person'] : [])],
      radius: JSON.stringify(stakes.radii),
      reason: null,
    }
    await settled(await records.act('proposeResponse', { tenantNo: found.tenant, response, at, actor: SYSTEM }))
  }

  async function tellOf(tenantNo: number, { incident, finding }: NoticeSent): Promise<void> {
    const at = clock.now()
    const playbook = await playbookOf(records.read, tenantNo)
    const response: NewResponse = {
      ...baseOf(finding, 'notify', []),
      id: `rsp_${digest([incident.id, finding.id, 'notify', incident.notified ?? ''])}`,
      automatic: true,
      dryRun: !playbook.live.includes('notify'),
      approvalsNeeded: 0,
    }
    await settled(await records.act('proposeResponse', { tenantNo, response, at, actor: SYSTEM }))
  }

  /** A finding that came again in its quiet time stands under its first id. */
  async function findingOf(found: Found): Promise<FindingRecord | null> {
    const { tenant, detector, subject } = found
    return (await records.read.finding(tenant, findingId(found))) ?? records.read.latestFinding(tenant, detector, subject)
  }

  /** Whoever merely names a token as leaked must not be able to have it stopped. */
  async function isConfirmedLeak(found: Found): Promise<boolean> {
    const tokenNo = provenToken(found)
    if (tokenNo === undefined) return false
    const leaks = await records.read.leaks({ tenantNo: found.tenant, state: 'confirmed', tokenNo }, { limit: 1 })
    return leaks.length > 0
  }

  return {
    async consider(found) {
      for (const each of found) {
        try {
          await automatic(each)
        } catch (error) {
          if (error instanceof TrailError && error.code === 'records_unavailable') throw error
          log.error({ err: error, detector: each.detector }, 'an automatic response could not be proposed')
        }
      }
    },
    async notice(tenantNo, notice) {
      try {
        await tellOf(tenantNo, notice)
      } catch (error) {
        log.error({ err: error, incident: notice.incident.id }, 'a notice could not be written down')
      }
    },
    async propose(tenantNo, wish, who) {
      const finding = await records.read.finding(tenantNo, wish.findingId)
      if (!finding) throw new TrailError('not_found', 'There is no finding of this id here.', { input: '/finding' })
      const playbook = await playbookOf(records.read, tenantNo)
      const tokens = wish.step === 'notify' ? [] : await tokensOf(records, finding, wish)
      const at = clock.now()
      const stakes = await stakesOf(parts, tokens)
      const second = playbook.secondPerson.includes(wish.step)
      const persons = stakes.fourEyes.length > 0 || second ? 2 : 1
      const response: NewResponse = {
        ...baseOf(finding, wish.step, tokens),
        id: `rsp_${randomBytes(10).toString('hex')}`,
        ...boundsOf(wish, playbook, at),
        automatic: false,
        dryRun: wish.dryRun ?? !playbook.live.includes(wish.step),
        approvalsNeeded: persons - (who.mayApprove ? 1 : 0),
        because: [...stakes.fourEyes, ...(second ? ['the playbook wants a second person'] : [])],
        radius: JSON.stringify(stakes.radii),
        reason: wish.reason ?? null,
      }
      return settled(await records.act('proposeResponse', { tenantNo, response, at, actor: who.actor }))
    },
    approve: async (tenantNo, id, actor) =>
      settled(await records.act('approveResponse', { tenantNo, id, at: clock.now(), actor })),
    decline: (tenantNo, id, note, actor) => records.act('declineResponse', { tenantNo, id, note, at: clock.now(), actor }),
    undo: (tenantNo, id, actor) => records.act('undoResponse', { tenantNo, id, at: clock.now(), actor }),
    close: doer.close,
  }
}

/** What every response of a finding has. */
function baseOf(finding: FindingRecord, step: Step, tokens: readonly TokenRecord[]) {
  const { id: findingOfResponse, detector, detectorVersion } = finding
  const of = { findingId: findingOfResponse, detector, detectorVersion, step, tokens: tokens.map(({ no }) => no) }
  return { ...of, rate: null, until: null, because: [], radius: '[]', reason: null }
}

/** The tokens that a person names, if the finding rests on them; else its own. */
async function tokensOf(records: Records, finding: FindingRecord, wish: ResponseWish): Promise<readonly TokenRecord[]> {
  const found = { ...foundOf(finding), touches: finding.touches, subject: finding.subject }
  const proven = provenTokens(found)
  const own = provenToken(found)
  const nos = wish.tokens === undefined ? (own === undefined ? [] : [own]) : proven
  const known = (await records.read.tokensByNo(nos)).filter(({ tenantNo }) => tenantNo === finding.tenantNo)
  const wanted = wish.tokens === undefined ? known : known.filter(({ id }) => wish.tokens?.includes(id))
  if (
    wanted.length > 0 &&
    wanted.length <= RESPONSE_TOKENS_MAX &&
    (wish.tokens === undefined || wanted.length === wish.tokens.length)
  )
    return wanted
  throw new TrailError(
    'response_refused',
    'Only tokens whose secret was shown in this finding can be touched because of it. Without that a stranger could have any token stopped.',
    { input: '/tokens' },
  )
}

/** Limit and end of a step, within what a response may do. */
function boundsOf(wish: ResponseWish, playbook: KeptPlaybook, at: Milliseconds): Pick<NewResponse, 'rate' | 'until'> {
  const { step, until } = wish
  if (step === 'notify' || step === 'revoke') return { rate: null, until: null }
  const max = step === 'throttle' ? THROTTLE_MS_MAX : SUSPEND_MS_MAX
  if (until !== undefined && (until <= at || until > at + max))
    throw new TrailError('time_invalid', `A ${step} ends in the future, at most ${max / HOUR_MS} hours from now.`, {
      input: '/until',
    })
  const rate = step === 'throttle' ? (wish.rate ?? playbook.rate) : null
  const hours = step === 'throttle' ? playbook.throttleHours : playbook.suspendHours
  return { rate, until: until ?? at + hours * HOUR_MS }
}

function digest(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20)
}
