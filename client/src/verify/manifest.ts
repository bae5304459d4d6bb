import { fromBase64, fromBase64Url, textOf, toBase64Url, toHex, utf8 } from '../log/bytes.ts'
import { checkCanonical, WIDE_PROFILE } from '../log/canonical.ts'
import { formatKey, formatKeyId, parseKey, type LogCrypto, type NoteKey } from '../log/keys.ts'
import { wholeOf } from './lines.ts'
import {
  isOutsideManifest,
  PACK_FILES,
  WHAT_IS_NOT_PROVEN,
  type PackFigure,
  type PackManifest,
  type PackQuestion,
  type PackTable,
} from './pack.ts'
import { crc32, isPackName, PackBroken, type PackFolder } from './zip.ts'

export const MANIFEST_BYTES_MAX = 64 * 1024 * 1024
const SIGNATURE_BYTES_MAX = 4096
const SIGNATURE_LENGTH = 64
/** Each is looked at for each entry. */
const FIGURES_MAX = 2000
const TABLES_MAX = 100
const TABLE_FIGURES_MAX = 100

/** The manifest with its exact bytes. */
export interface ReadManifest {
  readonly manifest: PackManifest
  readonly bytes: Uint8Array
}

/** Hashes a stream: what the platform offers, fed piece by piece. */
export type Sha256Stream = () => { update(bytes: Uint8Array): void; digest(): Uint8Array }

/** Reads `report.json` and makes sure that what the checks rest on is there and of its kind. */
export async function readManifest(folder: PackFolder): Promise<ReadManifest> {
  if (!folder.files.has(PACK_FILES.manifest))
    throw new PackBroken('There is no report.json, so this is no pack.', PACK_FILES.manifest)
  const bytes = await wholeOf(folder.read(PACK_FILES.manifest), MANIFEST_BYTES_MAX, PACK_FILES.manifest)
  const value: unknown = checkCanonical(bytes, WIDE_PROFILE)
  const problem = problemOf(value)
  if (problem !== undefined) throw new PackBroken(`report.json is not the manifest of a pack: ${problem}.`, PACK_FILES.manifest)
  // problemOf has looked at every member that is used
  return { manifest: value as PackManifest, bytes }
}

/** Files that are wrong: changed, missing, or not named. Empty when all are as the manifest says. */
export async function wrongFiles(folder: PackFolder, manifest: PackManifest, sha256: Sha256Stream): Promise<PackBroken[]> {
  const wrong: PackBroken[] = []
  const named = new Set(manifest.files.map(({ name }) => name))
  for (const name of folder.files.keys())
    if (!named.has(name) && !isOutsideManifest(name)) wrong.push(new PackBroken('This file is not named in report.json.', name))
  for (const file of manifest.files) {
    const problem = await problemOfFile(folder, file, sha256)
    if (problem) wrong.push(problem)
  }
  for (const name of folder.files.keys()) {
    const problem = isOutsideManifest(name) ? await wrongChecksum(folder, name) : undefined
    if (problem) wrong.push(problem)
  }
  return wrong
}

/** Who signed the manifest, by the detached JWS beside it. Throws when the signature is not the report key's. */
export async function signerOf(folder: PackFolder, { manifest, bytes }: ReadManifest, crypto: LogCrypto): Promise<NoteKey> {
  const file = PACK_FILES.signature
  if (!folder.files.has(file)) throw new PackBroken('There is no signature of report.json.', file)
  const text = textOf(await wholeOf(folder.read(file), SIGNATURE_BYTES_MAX, file), file)
  const [head = '', nothing, signature = '', ...more] = text.split('.')
  if (nothing !== '' || more.length > 0) throw new PackBroken('This is not a detached JWS.', file)
  const key = parseKey(crypto.sha256, manifest.reportKey)
  const expected = JSON.stringify({ alg: 'EdDSA', kid: `${key.name}+${formatKeyId(key.id)}` })
  if (textOf(fromBase64Url(head, file), file) !== expected)
    throw new PackBroken(`The head of the signature should be ${expected}.`, file)
  const message = utf8(`${head}.${toBase64Url(bytes)}`)
  const bytesOf = fromBase64Url(signature, file)
  if (bytesOf.length !== SIGNATURE_LENGTH || !crypto.verifyEd25519(key.publicKey, message, bytesOf))
    throw new PackBroken(`report.json is not what ${formatKey(key)} signed.`, file)
  return key
}

async function problemOfFile(
  folder: PackFolder,
  file: PackManifest['files'][number],
  sha256: Sha256Stream,
): Promise<PackBroken | undefined> {
  const { name } = file
  if (!folder.files.has(name)) return new PackBroken('This file is missing.', name)
  if (folder.files.get(name) !== file.bytes) return new PackBroken('This file is longer or shorter than it was.', name)
  const hash = sha256()
  const problem = await wrongChecksum(folder, name, (chunk) => hash.update(chunk))
  return toHex(hash.digest()) === file.sha256 ? problem : new PackBroken('This file was changed: its SHA-256 is another.', name)
}

/** Compares the CRC-32 of the container, which other programs that unpack it go by. */
async function wrongChecksum(
  folder: PackFolder,
  name: string,
  also: (chunk: Uint8Array) => void = () => undefined,
): Promise<PackBroken | undefined> {
  const stated = folder.checksums?.get(name)
  let crc = 0
  for await (const chunk of folder.read(name)) {
    also(chunk)
    if (stated !== undefined) crc = crc32(chunk, crc)
  }
  return stated === undefined || crc === stated
    ? undefined
    : new PackBroken('The zip announces another content for this file (CRC-32).', name)
}

function problemOf(value: unknown): string | undefined {
  if (!isRecord(value) || value['format'] !== 'tokentrail/pack' || value['v'] !== 1) return 'format and version are not known'
  for (const name of ['tenant', 'from', 'to', 'madeAt', 'recipient', 'expiresAt', 'redaction', 'reportKey'])
    if (typeof value[name] !== 'string') return `${name} is no text`
  for (const name of ['from', 'to', 'madeAt', 'expiresAt'])
    if (Number.isNaN(Date.parse(String(value[name])))) return `${name} is no time`
  if (value['sentence'] !== WHAT_IS_NOT_PROVEN) return 'the sentence about what is not proven is not there'
  if (value['separation'] !== 'enforced' && value['separation'] !== 'waived') return 'separation is not said'
  const { report, log, files, questions, answers = [] } = value
  if (!isRecord(report) || ['id', 'name', 'title', 'version'].some((name) => typeof report[name] !== 'string'))
    return 'the report is not named'
  if (log !== null && !isLog(log)) return 'the log is not described'
  if (!Array.isArray(files) || !files.every(isFile) || !isSorted(files.map((file) => file.name)))
    return 'the files are not listed in order'
  if (!Array.isArray(questions) || !questions.every(isQuestion)) return 'a question is not described'
  if (questions.flatMap(({ figures }) => figures).length > FIGURES_MAX) return `it has more than ${FIGURES_MAX} figures`
  if (!Array.isArray(answers) || answers.length > TABLES_MAX || !answers.every(isTable)) return 'an answer is not described'
  if (new Set(answers.map(({ question }) => question)).size !== answers.length) return 'an answer is described twice'
  return undefined
}

function isTable(table: unknown): table is PackTable {
  if (!isRecord(table) || typeof table['question'] !== 'string' || Number.isNaN(Date.parse(String(table['watermark']))))
    return false
  const { file, tenant, figures } = table
  if (file !== null && file !== `answers/${table['question']}.ndjson`) return false
  if (tenant !== undefined && typeof tenant !== 'string') return false
  return Array.isArray(figures) && figures.length <= TABLE_FIGURES_MAX && figures.every(isShownFigure)
}

function isShownFigure(figure: unknown): boolean {
  if (!isRecord(figure) || typeof figure['name'] !== 'string' || typeof figure['says'] !== 'string') return false
  const { value, of, where = {}, sum, max, share } = figure
  if (!isNumberOrNull(value) || (of !== undefined && !isNumberOrNull(of)) || !isRecord(where)) return false
  return (
    [sum, max, share].every((each) => each === undefined || typeof each === 'string') && Object.values(where).every(isCondition)
  )
}

function isNumberOrNull(value: unknown): boolean {
  return value === null || typeof value === 'number'
}

function isCondition(condition: unknown): boolean {
  if (Array.isArray(condition)) return condition.every(isScalar)
  return isScalar(condition) || (isRecord(condition) && (typeof condition['above'] === 'number' || condition['some'] === true))
}

function isLog(log: unknown): boolean {
  if (!isRecord(log) || typeof log['origin'] !== 'string' || !isCount(log['entries'])) return false
  if (log['scope'] !== 'range' && log['scope'] !== 'tenant' && log['scope'] !== 'selection') return false
  return [log['first'], log['last']].every(
    (each) =>
      isRecord(each) &&
      isCount(each['size']) &&
      typeof each['root'] === 'string' &&
      fromBase64(each['root'], 'root').length === 32,
  )
}

function isFile(file: unknown): file is { readonly name: string } {
  if (!isRecord(file) || typeof file['name'] !== 'string' || !isPackName(file['name']) || isOutsideManifest(file['name']))
    return false
  return isCount(file['bytes']) && typeof file['sha256'] === 'string' && /^[0-9a-f]{64}$/.test(file['sha256'])
}

function isQuestion(question: unknown): question is PackQuestion {
  if (!isRecord(question) || typeof question['id'] !== 'string' || typeof question['name'] !== 'string') return false
  if (question['file'] !== undefined && typeof question['file'] !== 'string') return false
  return (
    isRecord(question['params']) &&
    isCount(question['rows']) &&
    Array.isArray(question['figures']) &&
    question['figures'].every(isFigure)
  )
}

function isFigure(figure: unknown): figure is PackFigure {
  if (!isRecord(figure) || typeof figure['name'] !== 'string' || !Number.isSafeInteger(figure['value'])) return false
  const { source, sum, within, where } = figure
  if ((source !== 'entries' && source !== 'rows') || (sum !== undefined && typeof sum !== 'string') || !isRecord(where))
    return false
  if (!Object.values(where).every((wanted) => (Array.isArray(wanted) ? wanted.every(isScalar) : isScalar(wanted)))) return false
  if (within === undefined) return true
  return (
    isRecord(within) &&
    typeof within['path'] === 'string' &&
    [within['from'], within['to']].every((end) => ['string', 'number'].includes(typeof end))
  )
}

function isSorted(names: readonly string[]): boolean {
  return names.every((name, i) => i === 0 || (names[i - 1] ?? '') < name)
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
