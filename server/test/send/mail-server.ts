import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'

/** A mail server of RFC 5321 on loopback, encrypted where it has a certificate, that keeps what it takes. */
export interface MailServer {
  readonly url: string
  readonly taken: string[]
  /** The next message is refused with this reply. */
  refuseNext(reply: string): void
  close(): Promise<void>
}

const REPLIES: Readonly<Record<string, string>> = {
  EHLO: '250 mail.test',
  HELO: '250 mail.test',
  MAIL: '250 ok',
  RCPT: '250 ok',
  RSET: '250 ok',
  DATA: '354 go on',
  QUIT: '221 bye',
}

export async function openMailServer(tls?: { readonly cert: string; readonly key: string }): Promise<MailServer> {
  const taken: string[] = []
  const sockets = new Set<Socket>()
  let refusal: string | undefined
  const serve = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    let [text, data] = ['', undefined as string | undefined]
    socket.write('220 mail.test\r\n')
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8')
      for (;;) {
        const end = data === undefined ? text.indexOf('\r\n') : text.indexOf('\r\n.\r\n')
        if (end < 0) return
        const line = text.slice(0, end)
        text = text.slice(end + (data === undefined ? 2 : 5))
        if (data === undefined) {
          const word = line.slice(0, 4).toUpperCase()
          if (word === 'DATA') data = ''
          socket.write(`${REPLIES[word] ?? '502 unknown'}\r\n`)
        } else {
          data = undefined
          if (refusal === undefined) taken.push(line)
          socket.write(`${refusal ?? '250 taken'}\r\n`)
          refusal = undefined
        }
      }
    })
  }
  const server = tls ? createTlsServer(tls, serve) : createServer(serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `${tls ? 'smtps' : 'smtp'}://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    taken,
    refuseNext: (reply) => (refusal = reply),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
