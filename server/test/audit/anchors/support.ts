import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseKey, type NoteKey } from 'tokentrail/log'
import { LOG_CRYPTO } from '../../../src/audit/crypto.ts'
import { startAnchors, type Anchors, type AnchorsOptions } from '../../../src/audit/anchors/anchors.ts'
import type { Anchor, WitnessAnchor } from '../../../src/audit/anchors/config.ts'
import type { AnchorAlarm } from '../../../src/audit/anchors/witness-anchor.ts'
import { createWitnessServer } from '../../../src/audit/witness/serve.ts'
import { systemClock } from '../../../src/clock.ts'
import { createLog } from '../../../src/config/log.ts'
import { createMailer } from '../../../src/send/mail.ts'
import { createWebhook } from '../../../src/send/webhook.ts'
import type { OpenLog } from '../support.ts'
import { newWitness, type WitnessAlone } from '../witness/support.ts'

/** Short, so that a test need not wait for what would be tried again in a minute. */
const TIMES = { everyMs: 1, firstInMs: 0, timeoutMs: 2_000, backoffMs: { first: 5, max: 20 } }

export interface Anchored {
  readonly anchors: Anchors
  readonly alarms: AnchorAlarm[]
}

/** Anchors beside an open log. */
export async function anchored(log: OpenLog, anchors: readonly Anchor[], more: Partial<AnchorsOptions> = {}): Promise<Anchored> {
  const alarms: AnchorAlarm[] = []
  const started = await startAnchors({
    anchors,
    audit: log.audit,
    records: log.records,
    dir: log.dir,
    clock: systemClock,
    log: log.log,
    sendWebhook: { toPublic: createWebhook(), toAny: createWebhook({ anyAddress: true }) },
    sendMail: createMailer(),
    onAlarm: async (alarm) => void alarms.push(alarm),
    times: TIMES,
    ...more,
  })
  return { anchors: started, alarms }
}

/** A server that listens on a free port, with what it was asked. */
export interface Listening {
  readonly url: string
  readonly server: Server
  close(): Promise<void>
}

export async function listen(server: Server): Promise<Listening> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    server,
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A witness over HTTP that watches the open shard of a log. */
export async function listeningWitness(
  folder: string,
  log: OpenLog,
  name?: string,
): Promise<Listening & WitnessAlone & { anchor: WitnessAnchor }> {
  const { vkey } = await log.audit.state()
  const alone = newWitness(folder, [parseKey(LOG_CRYPTO.sha256, vkey)], name)
  const listening = await listen(createWitnessServer(alone.witness, createLog('silent')))
  return { ...listening, ...alone, anchor: witnessAt(alone.key, listening.url) }
}

export function witnessAt(key: NoteKey, url: string, monitor = url): WitnessAnchor {
  return { kind: 'witness', name: key.name, key, submit: url, monitor, everyMs: 1 }
}

/** A server in the place of a witness that answers as it is told. */
export function answering(
  answer: (path: string) => { readonly status: number; readonly body?: string; readonly stall?: boolean },
): Promise<Listening> {
  return listen(
    createServer((request, response) => {
      request.resume()
      const { status, body = '', stall = false } = answer(request.url ?? '')
      if (!stall) response.writeHead(status).end(body)
    }),
  )
}
