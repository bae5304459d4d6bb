import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { createMailer, isMailUrl } from '../../src/send/mail.ts'
import { CERTIFICATE, KEY } from './certificate.ts'
import { openMailServer } from './mail-server.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function server(tls?: Parameters<typeof openMailServer>[0]) {
  const opened = await openMailServer(tls)
  closing.push(() => opened.close())
  return opened
}

const message = { id: 'm1@tokentrail.invalid', subject: 'Checkpoint', text: 'one\n.two\n' }
const target = (smtp: string, more: object = {}) => ({
  smtp,
  from: 'log@example.com',
  to: ['ada@example.com', 'bob@example.com'],
  ...more,
})
const failed = (message_: RegExp) =>
  expect.objectContaining({ code: 'mail_failed', message: expect.stringMatching(message_) as string })

describe('a mail', () => {
  test('reaches the server whole, to every receiver', async () => {
    const { url, taken } = await server()
    await createMailer()(target(url, { allowPlain: true }), message)
    expect(taken).toHaveLength(1)
    expect(taken[0]).toContain('To: ada@example.com, bob@example.com')
    expect(taken[0]).toContain('Message-ID: <m1@tokentrail.invalid>')
    expect(taken[0]).toContain('one\r\n..two')
  })

  test('is not sent over a connection that is not encrypted, unless that is allowed', async () => {
    const { url, taken } = await server()
    await expect(createMailer()(target(url), message)).rejects.toEqual(failed(/did not take the message \(ETLS/))
    expect(taken).toEqual([])
  })

  test('goes to an encrypted server whose certificate is believed, and to no other', async () => {
    const { url, taken } = await server({ cert: CERTIFICATE, key: KEY })
    await expect(createMailer()(target(url), message)).rejects.toEqual(failed(/did not take the message/))
    await expect(createMailer({ tls: { ca: CERTIFICATE } })(target(url), message)).rejects.toEqual(
      failed(/did not take the message/),
    )
    expect(taken).toEqual([])
    await createMailer({ tls: { ca: CERTIFICATE, servername: 'hooks.example.com' } })(target(url), message)
    expect(taken).toHaveLength(1)
  })

  test('that is refused says the number, never what we said or who we are', async () => {
    const { url, refuseNext } = await server()
    refuseNext('554 refused: log:secret-word is not welcome')
    const secret = url.replace('smtp://', 'smtp://log:secret-word@')
    const sent = createMailer()(target(secret, { allowPlain: true }), message)
    await expect(sent).rejects.toEqual(failed(/did not take the message/))
    await expect(sent).rejects.not.toThrow(/secret-word/)
  })

  test('to a server that says nothing, or to none, is given up in time', async () => {
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const send = createMailer({ timeoutMs: 100 })
    await expect(send(target(`smtp://127.0.0.1:${String(port)}`), message)).rejects.toEqual(failed(/ETIMEDOUT/))
    silent.close()
    await expect(send(target('smtp://127.0.0.1:1'), message)).rejects.toEqual(failed(/ECONNREFUSED|ESOCKET/))
    await expect(send(target('smtp://127.0.0.1:1'), { ...message, text: 'x'.repeat(300_000) })).rejects.toEqual(failed(/256 KiB/))
  })
})

test('an address of a mail server begins with smtp:// or smtps://', () => {
  expect(['smtp://mail.example', 'smtps://a:b@mail.example:465'].map(isMailUrl)).toEqual([true, true])
  expect(['http://mail.example', 'mail.example', 'smtp://'].map(isMailUrl)).toEqual([false, false, false])
})
