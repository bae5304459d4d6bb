import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createLanes } from './lanes.ts'
import { SPOOL_HEADER } from './spool.ts'
import { readStatement } from './statement.ts'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Engine, EngineResult } from './chdb.ts'

/** Of libuv's 16 threads: what is left is for pings, kills and files. */
const LANES = { insert: { atOnce: 3, waitingMax: 64 }, question: { atOnce: 9, waitingMax: 256 } } as const
/** A query may start just after the first kill looked for it. */
const KILL_AGAIN_MS = 200
const SQL_BYTES_MAX = 4 * 1024 * 1024
const URL_BYTES_MAX = 1024 * 1024

/** Parameters of the HTTP interface that are no settings of a query. */
const NOT_SETTINGS = new Set([
  'query',
  'database',
  'query_id',
  'session_id',
  'default_format',
  'role',
  'compress',
  'decompress',
  'wait_end_of_query',
  'user',
  'password',
  'log_comment',
  'readonly',
])

interface Request {
  readonly search: URLSearchParams
  readonly tag: string
  readonly spool: boolean
}

/**
 * ClickHouse's HTTP interface over the engine in this process, as far as `@clickhouse/client` uses it: statements, parameters,
 * settings, every format, bodies of inserts, exceptions, and a query that is killed when its caller goes away.
 */
export function createFront({ engine, spoolFolder }: { readonly engine: Engine; readonly spoolFolder: string }): Server {
  const lanes = createLanes(LANES)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://store')
    if (url.pathname === '/ping') return ping(response)
    const asked: Request = { search: url.searchParams, tag: randomUUID(), spool: request.headers[SPOOL_HEADER] === '1' }
    const inUrl = asked.search.get('query')
    const statement = readStatement(inUrl ?? (await readText(request)))
    if ('refused' in statement) return fail(response, 62, 'SYNTAX_ERROR', statement.refused)
    const lane = statement.insert ? 'insert' : 'question'
    const turn = await lanes.enter(lane)
    if (!turn) return fail(response, 202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `more than ${LANES[lane].waitingMax} are waiting`)
    try {
      if (response.destroyed) return
      if (statement.insert) await insert(request, response, asked, statement.insert)
      else await ask(response, asked, statement.sql)
    } finally {
      turn.leave()
    }
  }

  async function ping(response: ServerResponse): Promise<void> {
    await engine.run(['SELECT 1'], 'Null')
    response.end('Ok.\n')
  }

  async function insert(
    request: IncomingMessage,
    response: ServerResponse,
    asked: Request,
    into: { into: string; format: string },
  ): Promise<void> {
    const file = join(spoolFolder, asked.tag)
    try {
      await pipeline(request, createWriteStream(file))
      const bytes = (await stat(file)).size
      const sql = `${into.into} FROM INFILE '${file}' FORMAT ${into.format}`
      if (bytes > 0) await run(response, asked, sql, 'Null')
      succeed(response, asked).end()
    } finally {
      await rm(file, { force: true })
    }
  }

  async function ask(response: ServerResponse, asked: Request, sql: string): Promise<void> {
    if (asked.spool) return askBySpool(response, asked, sql)
    const result = await run(response, asked, sql, asked.search.get('default_format') ?? 'TabSeparated')
    succeed(response, asked).end(result.bytes())
  }

  async function askBySpool(response: ServerResponse, asked: Request, sql: string): Promise<void> {
    const file = join(spoolFolder, asked.tag)
    try {
      const formatAt = /\sformat\s+\w+\s*$/i.exec(sql)?.index ?? sql.length
      await run(response, asked, `${sql.slice(0, formatAt)} INTO OUTFILE '${file}' TRUNCATE${sql.slice(formatAt)}`, 'Null')
      await pipeline(createReadStream(file), succeed(response, asked))
    } finally {
      await rm(file, { force: true })
    }
  }

  /** Runs a statement, and kills it when the caller goes away before it is answered. */
  async function run(response: ServerResponse, { search, tag }: Request, sql: string, format: string): Promise<EngineResult> {
    let killing: NodeJS.Timeout | undefined
    const kill = (): void => void engine.kill(tag).catch(() => undefined)
    const gone = (): void => {
      kill()
      killing = setInterval(kill, KILL_AGAIN_MS)
    }
    response.once('close', gone)
    try {
      return await engine.run([...preparation(search, tag), sql], format)
    } finally {
      response.off('close', gone)
      clearInterval(killing)
    }
  }

  const server = createServer(
    { maxHeaderSize: URL_BYTES_MAX, keepAliveTimeout: 60_000, requestTimeout: 0 },
    (request, response) => {
      answer(request, response).catch((error: unknown) => failWith(response, error))
    },
  )
  return server
}

/** Statements that give the session its database, parameters and settings; `readonly` last, since nothing can be set after it. */
function preparation(search: URLSearchParams, tag: string): readonly string[] {
  const database = search.get('database')
  const pairs = [...search].filter(([name]) => !NOT_SETTINGS.has(name) && /^\w+$/.test(name))
  const set = [...pairs, ['log_comment', tag]].map(([name, value]) => `${name} = ${literal(value ?? '')}`)
  const readonly = search.get('readonly')
  return [
    ...(database && /^\w+$/.test(database) ? [`USE \`${database}\``] : []),
    `SET ${set.join(', ')}`,
    ...(readonly ? [`SET readonly = ${literal(readonly)}`] : []),
  ]
}

function literal(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

function succeed(response: ServerResponse, { tag, search }: Request): ServerResponse {
  return response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'x-clickhouse-query-id': search.get('query_id') ?? tag,
  })
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    if ((bytes += part.byteLength) > SQL_BYTES_MAX)
      throw new Error('Code: 62. DB::Exception: The statement is too long. (SYNTAX_ERROR)')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function failWith(response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  const code = /Code: (\d+)/.exec(message)?.[1]
  if (response.headersSent) return void response.destroy()
  response.writeHead(500, { 'content-type': 'text/plain', 'x-clickhouse-exception-code': code ?? '1002' })
  response.end(code ? message : `Code: 1002. DB::Exception: ${message}. (UNKNOWN_EXCEPTION)`)
}

function fail(response: ServerResponse, code: number, name: string, message: string): void {
  failWith(response, new Error(`Code: ${code}. DB::Exception: ${message}. (${name})`))
}
