import { createWriteStream, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { SETTINGS } from '../config/config.ts'
import { Failure } from './exit.ts'

/** How a command reaches a running server. */
export interface ServerOptions {
  readonly url?: string
  readonly tokenFile?: string
}

/** A server and the token that is shown to it. */
export interface ServerAccess {
  readonly url: string
  readonly token: string
}

const URL_DEFAULT = 'http://127.0.0.1:4600'
const TIMEOUT_MS = 60_000
const DOWNLOAD_MS = 3_600_000

/** From `--url` and `--token-file`, `TOKENTRAIL_URL` and `TOKENTRAIL_TOKEN`, else the server and token of the default data folder. */
export function serverAccess(options: ServerOptions): ServerAccess {
  const url = options.url ?? process.env.TOKENTRAIL_URL ?? URL_DEFAULT
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new Failure('usage', 'The address of the server (--url or TOKENTRAIL_URL) must begin with http:// or https://.')
  return { url: url.replace(/\/+$/, ''), token: tokenOf(options) }
}

function tokenOf(options: ServerOptions): string {
  if (options.tokenFile !== undefined) return readToken(options.tokenFile)
  if (process.env.TOKENTRAIL_TOKEN) return process.env.TOKENTRAIL_TOKEN.trim()
  const adminToken = join(process.env[SETTINGS.data.variable] ?? SETTINGS.data.fallback, 'admin-token')
  try {
    return readFileSync(adminToken, 'utf8').trim()
  } catch {
    throw new Failure(
      'not authorised',
      'No token was given. Set TOKENTRAIL_TOKEN, or name a file that holds one with --token-file.',
    )
  }
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    throw new Failure('usage', `The token file ${file} cannot be read.`)
  }
}

/** Calls the server and gives its JSON. Throws a `Failure` that says what to do. */
export async function call<Answer>(access: ServerAccess, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await send(access, method, path, body)
  const text = await answer.text()
  if (!answer.ok) throw refused(answer.status, text)
  try {
    return (text === '' ? {} : JSON.parse(text)) as Answer
  } catch (cause) {
    throw new Failure('failed', `What answers at ${access.url} is no Tokentrail server: its answer is not JSON.`, { cause })
  }
}

/** Fetches a file from the server. */
export async function download(access: ServerAccess, path: string): Promise<Uint8Array> {
  const answer = await send(access, 'GET', path, undefined)
  if (!answer.ok) throw refused(answer.status, await answer.text())
  return new Uint8Array(await answer.arrayBuffer())
}

/** Fetches a file from the server to disk, as it comes; a part of it is never left behind under its name. */
export async function downloadTo(access: ServerAccess, path: string, file: string): Promise<void> {
  await intoFile(await stream(access, 'GET', path), file)
}

/** What the server answers, as it comes. */
export async function stream(
  access: ServerAccess,
  method: string,
  path: string,
  body?: unknown,
): Promise<AsyncIterable<Uint8Array>> {
  const answer = await send(access, method, path, body, DOWNLOAD_MS)
  if (!answer.ok || answer.body === null) throw refused(answer.status, await answer.text())
  return answer.body
}

/** Writes to disk what comes; a part of it is never left behind under its name. */
export async function intoFile(pieces: AsyncIterable<Uint8Array>, file: string): Promise<void> {
  const draft = `${file}.part`
  try {
    await pipeline(pieces, createWriteStream(draft, { mode: 0o600 }))
    renameSync(draft, file)
  } catch (cause) {
    rmSync(draft, { force: true })
    throw new Failure('failed', `The file could not be fetched whole to ${file}. Try again.`, { cause })
  }
}

/** Calls the server and gives its text as it is. */
export async function fetchText(access: ServerAccess, path: string): Promise<string> {
  const answer = await send(access, 'GET', path, undefined)
  const text = await answer.text()
  if (!answer.ok) throw refused(answer.status, text)
  return text
}

async function send(
  access: ServerAccess,
  method: string,
  path: string,
  body: unknown,
  timeoutMs = TIMEOUT_MS,
): Promise<Response> {
  try {
    return await fetch(access.url + path, {
      method,
      headers: {
        authorization: `Bearer ${access.token}`,
        ...factorHeader(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (cause) {
    throw new Failure('not reachable', `No server answers at ${access.url}. Start one with: tokentrail start`, { cause })
  }
}

/** A code of the second factor, from the environment: an argument would stand in the list of processes and the shell's history. */
function factorHeader(): Readonly<Record<string, string>> {
  const code = process.env.TOKENTRAIL_CODE
  return code ? { 'x-tokentrail-code': code.trim() } : {}
}

function refused(status: number, text: string): Failure {
  const { detail, title, code } = problem(text)
  const sentence = `${detail ?? title ?? `The server answered ${status}.`}${code ? ` (${code})` : ''}`
  if (status === 401 || status === 403) return new Failure('not authorised', sentence)
  return new Failure(status === 400 ? 'usage' : 'failed', sentence)
}

function problem(text: string): { detail?: string; title?: string; code?: string } {
  try {
    return (JSON.parse(text) ?? {}) as { detail?: string; title?: string; code?: string }
  } catch {
    return {}
  }
}

/** A query string of the parameters that have a value. */
export function queryString(params: Readonly<Record<string, string | number | undefined>>): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) if (value !== undefined) given.set(name, String(value))
  return given.size === 0 ? '' : `?${given.toString()}`
}
