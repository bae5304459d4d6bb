import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface OpenLoopOptions {
  readonly port: number
  /** Whole HTTP/1.1 requests, sent in turn. */
  readonly requests: readonly Buffer[]
  readonly perSecond: number
  readonly seconds: number
  readonly connections: number
}

export interface OpenLoopResult {
  readonly sent: number
  readonly answered: number
  /** Status → count. */
  readonly statuses: Readonly<Record<string, number>>
  /** From the *intended* send time to the end of the answer, ms: a stall is charged to every request it delayed. */
  readonly latencyMs: Float64Array
  /** How late the generator itself sent, ms. A large value voids the run. */
  readonly lagMs: Float64Array
}

interface Connection {
  readonly socket: Socket
  /** Intended send times of what is under way, oldest first. */
  readonly intended: number[]
  rest: Buffer
}

/** Sends on a fixed schedule, whether or not answers come; a connection carries several requests at once only when all are busy. */
export async function openLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { perSecond, seconds, requests } = options
  const total = Math.floor(perSecond * seconds)
  const [latencyMs, lagMs] = [new Float64Array(total), new Float64Array(total)]
  const statuses: Record<string, number> = {}
  let [sent, answered] = [0, 0]
  const connections = await Promise.all(Array.from({ length: options.connections }, () => open(options.port, onAnswer)))
  const started = performance.now() + 50

  function onAnswer(intended: number, status: string): void {
    latencyMs[answered++] = performance.now() - intended
    statuses[status] = (statuses[status] ?? 0) + 1
  }

  function sendDue(): void {
    const now = performance.now()
    for (; sent < total; sent++) {
      const intended = started + (sent * 1000) / perSecond
      if (intended > now) return
      lagMs[sent] = now - intended
      const connection = leastBusy(connections, sent)
      connection.intended.push(intended)
      connection.socket.write(requests[sent % requests.length] ?? '')
    }
  }

  await ticking(() => {
    sendDue()
    return sent >= total && (answered >= total || performance.now() > started + seconds * 1000 + 10_000)
  })
  for (const { socket } of connections) socket.destroy()
  return { sent, answered, statuses, latencyMs: latencyMs.subarray(0, answered), lagMs: lagMs.subarray(0, sent) }
}

function leastBusy(connections: readonly Connection[], turn: number): Connection {
  const first = connections[turn % connections.length] as Connection
  if (first.intended.length === 0) return first
  return connections.reduce((least, each) => (each.intended.length < least.intended.length ? each : least), first)
}

/** Runs a step about every millisecond until it says that it is done. */
function ticking(step: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const tick = (): void => {
      if (step()) resolve()
      else setTimeout(tick, 1)
    }
    tick()
  })
}

async function open(port: number, onAnswer: (intended: number, status: string) => void): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const connection: Connection = { socket, intended: [], rest: Buffer.alloc(0) }
  socket.on('data', (chunk) => readAnswers(connection, chunk, onAnswer))
  socket.on('error', () => undefined)
  return connection
}

/** Cuts whole answers off the stream by their `content-length`. */
function readAnswers(connection: Connection, chunk: Buffer, onAnswer: (intended: number, status: string) => void): void {
  let bytes = connection.rest.length === 0 ? chunk : Buffer.concat([connection.rest, chunk])
  for (let end = bytes.indexOf('\r\n\r\n'); end >= 0; end = bytes.indexOf('\r\n\r\n')) {
    const head = bytes.toString('latin1', 0, end)
    const length = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (bytes.length < length) break
    onAnswer(connection.intended.shift() ?? 0, head.slice(9, 12))
    bytes = bytes.subarray(length)
  }
  connection.rest = bytes
}
