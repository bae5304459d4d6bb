import { once } from 'node:events'
import { join, resolve } from 'node:path'
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import { Command } from 'commander'
import { makeLogKey } from '../audit/keys.ts'
import { readWitnessConfig } from '../audit/witness/config.ts'
import { openWitnessMemory } from '../audit/witness/memory.ts'
import { createWitnessServer } from '../audit/witness/serve.ts'
import { createWitness } from '../audit/witness/witness.ts'
import { systemClock } from '../clock.ts'
import { makePrivateFolder } from '../config/data-folder.ts'
import { createLog } from '../config/log.ts'
import { TrailError } from '../errors.ts'
import { note, paint, say, sayFacts, sayJson } from './print.ts'

interface WitnessOptions {
  readonly config: string
  readonly data: string
  readonly host: string
  readonly port: string
  readonly json?: boolean
}

/** `tokentrail witness`: watches logs of others and cosigns what only ever grew. */
export function witnessCommand(): Command {
  return new Command('witness')
    .description('watch the logs of others: cosign checkpoints that continue what was seen before')
    .requiredOption('--config <file>', 'JSON: the name of this witness and the verifier keys of the logs it watches')
    .option('--data <folder>', 'its key and what it has seen', 'tokentrail-witness')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 = any free one', '4610')
    .option('--json', 'print one line of JSON when ready')
    .action(serveWitness)
}

async function serveWitness(options: WitnessOptions): Promise<void> {
  process.umask(0o077)
  const config = readWitnessConfig(options.config)
  const data = resolve(options.data)
  makePrivateFolder(data)
  const { signer, vkey } = makeLogKey(join(data, 'witness-key'), config.name, 'cosignature')
  const memory = openWitnessMemory(join(data, 'witness.sqlite'))
  const witness = createWitness({ logs: config.logs, signer, memory, clock: systemClock })
  const server = createWitnessServer(witness, createLog('info'))
  try {
    const url = await listen(server, options)
    sayReady({ url, name: config.name, vkey, logs: config.logs.map((log) => log.name) }, options.json === true)
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    server.close()
    server.closeIdleConnections()
    await once(server, 'close')
  } finally {
    memory.close()
  }
}

async function listen(server: Server, options: WitnessOptions): Promise<string> {
  const port = Number(options.port)
  if (!/^\d{1,5}$/.test(options.port) || port > 65_535)
    throw new TrailError('config_invalid', 'The option --port must be a whole number from 0 to 65535.', { input: 'port' })
  server.listen(port, options.host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new TrailError(
      code === 'EADDRINUSE' ? 'port_in_use' : 'config_invalid',
      `Cannot listen on ${options.host}, port ${options.port} (${code}). Take another --host or --port.`,
      { input: 'port', cause },
    )
  }
  const { address, family, port: own } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${String(own)}`
}

function sayReady(ready: { url: string; name: string; vkey: string; logs: readonly string[] }, json: boolean): void {
  if (json) return sayJson(ready)
  say(`${paint('green', '●')} ${paint('bold', 'The witness is ready')}  ${ready.url}`)
  sayFacts({ name: ready.name, 'verifier key': ready.vkey, watches: ready.logs.join(', ') })
  note(paint('dim', 'Give the verifier key to who verifies. Press Ctrl+C to stop.'))
}
