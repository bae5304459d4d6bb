import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import { TrailError } from '../errors.ts'

/** Listens, and gives the address people type. `config_invalid` when host or port cannot be had. */
export async function listen(http: FastifyInstance, config: Pick<Config, 'host' | 'port'>): Promise<string> {
  try {
    await http.listen({ host: config.host, port: config.port })
  } catch (cause) {
    throw refused(cause as NodeJS.ErrnoException, config)
  }
  const { address, port, family } = http.server.address() as AddressInfo
  const host = address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address
  return `http://${host}:${port}`
}

function refused(cause: NodeJS.ErrnoException, { host, port }: Pick<Config, 'host' | 'port'>): TrailError {
  if (cause.code === 'EADDRINUSE') {
    return new TrailError(
      'port_in_use',
      `Port ${port} is in use by another program. Take another with --port; 0 takes any free one.`,
      { input: 'port', cause },
    )
  }
  return new TrailError(
    'config_invalid',
    `Cannot listen on ${host}, port ${port} (${cause.code ?? cause.message}). Correct --host or --port.`,
    { input: 'host', cause },
  )
}
