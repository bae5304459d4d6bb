import { TrailError } from '../../errors.ts'
import type { FindingRecord } from '../../records/findings.ts'
import type { Tenant } from '../../records/records.ts'
import { RESPONSE_TRIES_MAX, type ResponseRecord } from '../../records/responses.ts'
import { noticeBody, noticeMail } from './notice.ts'
import { mailReceiversOf, webhookOf } from './receivers.ts'
import type { ResponderParts } from './responder.ts'

/** Does what is approved, and tries again what failed. */
export interface Doer {
  run(response: ResponseRecord): Promise<ResponseRecord>
  close(): Promise<void>
}

const TICK_MS = 5_000
const DUE_MAX = 50
const AGAIN_MS = 10_000
const AGAIN_MS_MAX = 3_600_000

/** Starts it; what is due from before is taken up at the first tick. */
export function createDoer(parts: Pick<ResponderParts, 'records' | 'clock' | 'log' | 'send' | 'mail' | 'kek'>): Doer {
  const { records, clock, log, send, mail, kek } = parts
  const underWay = new Map<string, Promise<ResponseRecord>>()
  const timer = setInterval(() => void takeUp(), TICK_MS).unref()

  async function takeUp(): Promise<void> {
    try {
      const due = await records.read.responsesDue(clock.now(), DUE_MAX)
      await Promise.all(due.map(run))
    } catch (error) {
      log.warn({ err: error }, 'responses that are due could not be taken up; they are at the next tick')
    }
  }

  /** The same at once only once in this process. */
  function run(response: ResponseRecord): Promise<ResponseRecord> {
    const running = underWay.get(response.id) ?? doIt(response).finally(() => underWay.delete(response.id))
    underWay.set(response.id, running)
    return running
  }

  async function doIt(response: ResponseRecord): Promise<ResponseRecord> {
    const { tenantNo, id } = response
    try {
      if (response.step === 'notify') await tell(response)
      return await records.act('applyResponse', { tenantNo, id, at: clock.now() })
    } catch (error) {
      return noteFailure(response, error)
    }
  }

  /** The failure is an event of its own; where even that cannot be written the step stays due. */
  async function noteFailure(response: ResponseRecord, error: unknown): Promise<ResponseRecord> {
    const { tenantNo, id, tries } = response
    const at = clock.now()
    const failure = error instanceof TrailError ? error.message : 'Something is broken on our side.'
    const nextAt = tries + 1 >= RESPONSE_TRIES_MAX ? null : at + Math.min(AGAIN_MS * 2 ** tries, AGAIN_MS_MAX)
    log.warn({ response: id, step: response.step, failure, tries: tries + 1 }, 'a response failed')
    try {
      return await records.act('failResponse', { tenantNo, id, failure, nextAt, at })
    } catch {
      return response
    }
  }

  /** Every way that is set, with one id at each try; where one fails, all are tried again and receivers drop what they have seen. */
  async function tell(response: ResponseRecord): Promise<void> {
    const { tenantNo, findingId, id } = response
    const [webhook, to] = [await webhookOf(records, tenantNo, kek), await mailReceiversOf(records, tenantNo)]
    if (!webhook && to.length === 0)
      throw new TrailError('webhook_failed', 'Neither a webhook nor mail is set, so nobody was told. Set one in the playbook.')
    const finding = await records.read.finding(tenantNo, findingId)
    const tenant = await records.read.tenant(tenantNo)
    const ways = [
      ...(webhook ? [send(webhook, { id, at: clock.now(), body: noticeBody(response, finding, tenant) })] : []),
      ...(to.length > 0 ? [sendMail(to, response, finding, tenant)] : []),
    ]
    const failed = (await Promise.allSettled(ways)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  async function sendMail(
    to: readonly string[],
    response: ResponseRecord,
    finding: FindingRecord | null,
    tenant: Tenant | null,
  ): Promise<void> {
    if (!mail) throw new TrailError('mail_failed', 'This server has no mail server. Start it with --mail-config.')
    await mail.send({ ...mail.server, to }, noticeMail({ response, finding, tenant, link: mail.link }))
  }

  return {
    run,
    async close() {
      clearInterval(timer)
      await Promise.allSettled(underWay.values())
    },
  }
}
