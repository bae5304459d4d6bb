import type { KeyEncryption } from '../../privacy/wrap.ts'
import type { Actor, Records } from '../../records/records.ts'
import { secretOf, secretBytes } from '../../send/signature.ts'
import type { WebhookTarget } from '../../send/webhook.ts'
import { MAIL_SETTING, WEBHOOK_SETTING } from './playbook.ts'

/** What is kept of a webhook: its secret is wrapped by the key-encryption key. */
interface KeptWebhook {
  readonly url: string
  /** Base64. */
  readonly wrapped: string
}

type Reading = Pick<Records, 'read'>
const SYSTEM: Actor = { no: 0, kind: 'system' }

/** Where a tenant wants to be told, without the secret. */
export async function webhookUrlOf({ read }: Reading, tenantNo: number): Promise<string | null> {
  return keptOf(await read.setting(tenantNo, WEBHOOK_SETTING))?.url ?? null
}

/** Where a tenant wants to be told, with the secret that signs. */
export async function webhookOf({ read }: Reading, tenantNo: number, kek: KeyEncryption): Promise<WebhookTarget | null> {
  const kept = keptOf(await read.setting(tenantNo, WEBHOOK_SETTING))
  if (!kept) return null
  return { url: kept.url, secret: secretOf(kek.unwrap(Buffer.from(kept.wrapped, 'base64'), purposeOf(tenantNo))) }
}

/** A webhook as the setting keeps it. */
export function webhookValue(tenantNo: number, target: WebhookTarget | null, kek: KeyEncryption): string {
  if (!target) return 'null'
  const wrapped = Buffer.from(kek.wrap(secretBytes(target.secret), purposeOf(tenantNo))).toString('base64')
  return JSON.stringify({ url: target.url, wrapped } satisfies KeptWebhook)
}

/** Wraps under the newest key what is still under an older one; gives how many. */
export async function rewrapWebhooks({
  records,
  kek,
  now,
}: {
  records: Records
  kek: KeyEncryption
  now: () => number
}): Promise<number> {
  let count = 0
  for (const { no } of await records.read.tenants()) {
    const kept = keptOf(await records.read.setting(no, WEBHOOK_SETTING))
    if (!kept || kek.isNewest(Buffer.from(kept.wrapped, 'base64'))) continue
    const value = webhookValue(no, await webhookOf(records, no, kek), kek)
    await records.act('putSetting', { tenantNo: no, name: WEBHOOK_SETTING, value, at: now(), actor: SYSTEM })
    count += 1
  }
  return count
}

/** Who of a tenant gets mail. */
export async function mailReceiversOf({ read }: Reading, tenantNo: number): Promise<readonly string[]> {
  const kept = await read.setting(tenantNo, MAIL_SETTING)
  return kept === null ? [] : (JSON.parse(kept) as readonly string[])
}

function keptOf(text: string | null): KeptWebhook | null {
  return text === null ? null : (JSON.parse(text) as KeptWebhook | null)
}

function purposeOf(tenantNo: number): string {
  return `webhook|${tenantNo}`
}
