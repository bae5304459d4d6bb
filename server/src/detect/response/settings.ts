import type { Clock } from '../../clock.ts'
import type { KeyEncryption } from '../../privacy/wrap.ts'
import type { Actor, Records } from '../../records/records.ts'
import {
  checkPlaybook,
  type KeptPlaybook,
  MAIL_SETTING,
  type Playbook,
  PLAYBOOK_SETTING,
  playbookOf,
  WEBHOOK_SETTING,
} from './playbook.ts'
import { mailReceiversOf, webhookUrlOf, webhookValue } from './receivers.ts'
import { rehearse, type Rehearsal } from './rehearse.ts'
import { newWebhookSecret } from '../../send/signature.ts'
import { checkWebhookUrl } from '../../send/webhook.ts'

/** What a tenant has set, for people: the webhook's secret is not in it. */
export interface ResponseSettings {
  readonly playbook: KeptPlaybook
  readonly webhook: string | null
  /** Who gets mail, and whether this server can send any. */
  readonly mail: { readonly to: readonly string[]; readonly isConfigured: boolean }
}

/** The settings of responses. */
export interface ResponseDesk {
  settings(tenantNo: number): Promise<ResponseSettings>
  /** What a playbook would have done in the last 28 days; as it stands where nothing is changed. */
  rehearse(tenantNo: number, change: Partial<Playbook>): Promise<Rehearsal>
  /** A step that goes live is rehearsed first, and the result is kept with the name of whoever let it. */
  change(
    tenantNo: number,
    change: Partial<Playbook>,
    who: { readonly actor: Actor; readonly name: string },
  ): Promise<ResponseSettings>
  /** Sets or takes away where to tell. The secret is given once. */
  setWebhook(tenantNo: number, url: string | null, actor: Actor): Promise<{ readonly secret: string | null }>
  /** Sets who gets mail; nobody with an empty list. */
  setMail(tenantNo: number, to: readonly string[], actor: Actor): Promise<ResponseSettings>
}

/** Makes it. */
export function createResponseSettings(parts: {
  readonly records: Records
  readonly clock: Clock
  readonly sendsMail: boolean
  readonly kek: KeyEncryption
}): ResponseDesk {
  const { records, clock, sendsMail, kek } = parts
  async function settings(tenantNo: number): Promise<ResponseSettings> {
    const [playbook, webhook, to] = await Promise.all([
      playbookOf(records.read, tenantNo),
      webhookUrlOf(records, tenantNo),
      mailReceiversOf(records, tenantNo),
    ])
    return { playbook, webhook, mail: { to, isConfigured: sendsMail } }
  }

  return {
    settings,
    async rehearse(tenantNo, change) {
      const { playbook } = await settings(tenantNo)
      return rehearse(records.read, tenantNo, checkPlaybook({ ...playbook, ...change }), clock.now())
    },
    async change(tenantNo, change, { actor, name }) {
      const before = (await settings(tenantNo)).playbook
      const playbook = checkPlaybook({ ...before, ...change })
      const at = clock.now()
      const goesLive = playbook.live.some((step) => !before.live.includes(step))
      const wentLive = goesLive
        ? { by: name, at, rehearsal: await rehearse(records.read, tenantNo, playbook, at) }
        : before.wentLive
      const value = JSON.stringify({ ...playbook, wentLive } satisfies KeptPlaybook)
      await records.act('putSetting', { tenantNo, name: PLAYBOOK_SETTING, value, at, actor })
      return settings(tenantNo)
    },
    async setWebhook(tenantNo, url, actor) {
      const target = url === null ? null : { url: checkWebhookUrl(url).href, secret: newWebhookSecret() }
      const value = webhookValue(tenantNo, target, kek)
      await records.act('putSetting', { tenantNo, name: WEBHOOK_SETTING, value, at: clock.now(), actor })
      return { secret: target?.secret ?? null }
    },
    async setMail(tenantNo, to, actor) {
      await records.act('putSetting', { tenantNo, name: MAIL_SETTING, value: JSON.stringify(to), at: clock.now(), actor })
      return settings(tenantNo)
    },
  }
}
