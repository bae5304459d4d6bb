import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import {
  CHECKS,
  isEventProof,
  readTrust,
  verification,
  verifyEventProof,
  verifyPack,
  WHAT_IS_NOT_PROVEN,
  PackBroken,
  PACK_FILES,
  type Outcome,
  type Trust,
  type Verification,
} from 'tokentrail/verify'
import { TokentrailError } from 'tokentrail/log'
import { LOG_CRYPTO } from '../audit/crypto.ts'
import { nodeSha256Stream, openPack } from '../audit/verify/open-pack.ts'
import { verifyLog } from '../audit/verify/verify-log.ts'
import { EXIT_CODES, Failure } from './exit.ts'
import { paint, printable, say, sayJson, whole } from './print.ts'

interface VerifyOptions {
  readonly policy?: string
  readonly key: readonly string[]
  readonly witness: readonly string[]
  readonly reportKey: readonly string[]
  readonly older: readonly string[]
  readonly threads?: string
  readonly page?: string
  readonly pageDigest?: boolean
  readonly json?: boolean
}

const PROOF_BYTES_MAX = 1024 * 1024
const PAGE = fileURLToPath(new URL('../../../dashboard/dist/verify.html', import.meta.url))

/** `tokentrail verify`: a pack or a log's directory, without a server. */
export function verifyCommand(): Command {
  const many = (value: string, before: readonly string[]): readonly string[] => [...before, value]
  return new Command('verify')
    .description('check an evidence pack, the directory of a log, or the proof of an event; no server is needed')
    .argument(
      '[path]',
      'zip or folder of a pack, a directory with `checkpoint` and `tile/`, or a file of `tokentrail audit proof`',
    )
    .option('--policy <file>', 'whom you trust: a tlog-policy, or verifier keys one per line')
    .option('--key <vkey>', 'verifier key of the log (may be repeated)', many, [])
    .option('--witness <vkey>', 'verifier key of a witness that must have signed (may be repeated)', many, [])
    .option('--report-key <vkey>', 'verifier key that signs reports (may be repeated)', many, [])
    .option('--older <file>', 'a checkpoint that you kept; the log must continue it (may be repeated)', many, [])
    .option('--threads <n>', 'threads for a log (default: as many as there are processors, at most 8)')
    .option('--page <file>', 'write the page that verifies packs in a browser to this file')
    .option('--page-digest', 'print the SHA-256 of that page')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit codes: 0 it holds, 2 usage, 6 a check fails, or you brought no key to trust.')
    .action(verify)
}

async function verify(path: string | undefined, options: VerifyOptions): Promise<void> {
  if (options.page !== undefined || options.pageDigest) return page(options)
  if (path === undefined)
    throw new Failure('usage', 'Name a pack or the directory of a log: tokentrail verify pack.zip --key <vkey>')
  if (!existsSync(path)) throw new Failure('usage', `There is nothing at ${path}.`)
  const trust = trustOf(options)
  const older = options.older.map((file) => readText(file, 'checkpoint'))
  const found = isLog(path)
    ? await verifyLog({ directory: path, trust, older, ...threads(options), ...progress(options) })
    : ((await verifyAnEvent(path, trust, older)) ?? (await verifyAPack(path, trust, older)))
  if (options.json) sayJson({ ...found, sentence: WHAT_IS_NOT_PROVEN })
  else sayVerification(found)
  process.exitCode = found.isGood ? EXIT_CODES.ok : EXIT_CODES['not verified']
}

/** A directory with a checkpoint and no report is a log. */
function isLog(path: string): boolean {
  return existsSync(join(path, 'checkpoint')) && !existsSync(join(path, PACK_FILES.manifest))
}

/** A small file that begins as the proof of an event is one. */
async function verifyAnEvent(
  path: string,
  trust: Trust | undefined,
  older: readonly string[],
): Promise<Verification | undefined> {
  const { size } = statSync(path)
  if (size > PROOF_BYTES_MAX || !statSync(path).isFile()) return undefined
  const text = readFileSync(path, 'utf8')
  return isEventProof(text) ? verifyEventProof({ crypto: LOG_CRYPTO, trust, text, older }) : undefined
}

async function verifyAPack(path: string, trust: Trust | undefined, older: readonly string[]): Promise<Verification> {
  try {
    const pack = await openPack(path)
    try {
      return await verifyPack({
        folder: pack.folder,
        trust,
        older,
        crypto: LOG_CRYPTO,
        sha256Stream: nodeSha256Stream,
        now: Date.now(),
      })
    } finally {
      await pack.close()
    }
  } catch (error) {
    if (!(error instanceof PackBroken)) throw error
    const first = error.file === undefined ? {} : { file: error.file }
    return verification([{ check: 'manifest', state: 'fails', says: error.message, notes: [], first }])
  }
}

function trustOf(options: VerifyOptions): Trust | undefined {
  if (options.policy !== undefined && options.witness.length > 0)
    throw new Failure('usage', 'Name witnesses either in the policy, with their quorum, or by --witness.')
  const lines = [
    ...(options.policy === undefined ? [] : [readText(options.policy, 'policy')]),
    ...options.key,
    ...options.witness,
    ...options.reportKey.map((key) => `report ${key}`),
  ]
  if (lines.length === 0) return undefined
  try {
    return readTrust(LOG_CRYPTO, lines.join('\n'))
  } catch (error) {
    if (!(error instanceof TokentrailError)) throw error
    throw new Failure('usage', `What you trust cannot be read: ${error.message}.`)
  }
}

function threads({ threads: text }: VerifyOptions): { readonly threads?: number } {
  if (text === undefined) return {}
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 64) throw new Failure('usage', '--threads takes 1 to 64.')
  return { threads: count }
}

/** A person at a terminal sees how far it is. */
function progress({ json }: VerifyOptions): { readonly onProgress?: (entries: number, of: number) => void } {
  if (json || !process.stderr.isTTY) return {}
  const clear = (entries: number, of: number): string =>
    entries < of ? `\r${whole(entries)} of ${whole(of)} entries` : '\r\u001b[K'
  return { onProgress: (entries, of) => process.stderr.write(clear(entries, of)) }
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Failure('usage', `The ${what} ${file} cannot be read.`)
  }
}

function page(options: VerifyOptions): void {
  if (!existsSync(PAGE)) throw new Failure('failed', 'The page is not built. Build the dashboard: npm run build.')
  if (options.page !== undefined) copyFileSync(PAGE, options.page)
  const digest = createHash('sha256').update(readFileSync(PAGE)).digest('hex')
  if (options.json) sayJson({ page: options.page ?? null, sha256: digest })
  else say(options.page === undefined ? digest : `${digest}  ${options.page}`)
}

const MARKS = { holds: ['green', '✓'], fails: ['red', '✗'], 'cannot say': ['yellow', '?'] } as const

function sayVerification(found: Verification): void {
  for (const outcome of found.outcomes) sayOutcome(outcome)
  say()
  say(found.isGood ? paint('green', 'It holds.') : paint('red', 'Do not rely on it.'))
  say(WHAT_IS_NOT_PROVEN)
}

function sayOutcome({ check, state, says, notes, first }: Outcome): void {
  const [style, mark] = MARKS[state]
  say(`${paint(style, mark)} ${paint('bold', check.padEnd(13))} ${printable(says)}`)
  if (state !== 'holds')
    say(`  ${' '.repeat(13)} ${paint('dim', `${CHECKS[check]} ${state === 'fails' ? 'No.' : 'It cannot be said.'}`)}`)
  const place = [
    first?.file === undefined ? '' : `file ${printable(first.file)}`,
    first?.index === undefined ? '' : `entry ${whole(first.index)}`,
  ].filter(Boolean)
  if (place.length > 0) say(`  ${' '.repeat(13)} ${paint('red', `first wrong: ${place.join(', ')}`)}`)
  for (const note of notes) say(`  ${' '.repeat(13)} ${paint('dim', printable(note))}`)
}
