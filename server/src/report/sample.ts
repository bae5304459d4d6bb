import { createHash, createHmac } from 'node:crypto'
import { canonicalBytes, openCheckpoint, parsePolicy, parseProof, toBase64, WIDE_PROFILE } from 'tokentrail/log'
import { PACK_FILES, type PackFolder, type PackManifest } from 'tokentrail/verify'
import { LOG_CRYPTO } from '../audit/crypto.ts'
import { TrailError } from '../errors.ts'

/** A sample that anyone draws again from the pack alone: nothing in it is chance, and nobody could shape it. */
export interface Sample {
  readonly question: string
  readonly params: Readonly<Record<string, unknown>>
  /** The rows that were drawn from: their number and the SHA-256 of their file, which the log held before the checkpoint. */
  readonly population: { readonly rows: number; readonly file: string; readonly sha256: string; readonly entry: number }
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string }
  readonly phrase: string
  /** Hex. */
  readonly seed: string
  readonly items: readonly SampledItem[]
}

export interface SampledItem {
  readonly rank: number
  readonly id: string
  readonly row: Readonly<Record<string, unknown>>
}

export interface SampleWish {
  readonly question: string
  readonly count: number
  /** What the auditor says afterwards: it stops even an operator who shapes the root. */
  readonly phrase: string
  /** Signed note of the checkpoint that counts, later than the export; without it the one that covers the export. */
  readonly checkpoint?: string
}

export const SAMPLE_MAX = 10_000
const DOMAIN = 'tokentrail/sample/v1'

/** Draws a sample out of a pack. The population stood in the log before the checkpoint whose root seeds it. */
export async function drawSample(folder: PackFolder, wish: SampleWish): Promise<Sample> {
  const manifest = JSON.parse(await textOf(folder, PACK_FILES.manifest)) as Shown
  const question = manifest.questions.find(({ name }) => name === wish.question)
  const answer = manifest.answers.find(({ question: name }) => name === wish.question)
  if (question?.file === undefined || answer === undefined)
    throw unfit(`The pack holds no rows of ${wish.question}. It has rows of ${withRows(manifest)}.`, 'question')
  const file = manifest.files.find(({ name }) => name === question.file)
  const { entry, checkpoint } = await seededBy(folder, wish.checkpoint)
  const seed = seedOf({ root: checkpoint.root, question: question.name, params: question.params, phrase: wish.phrase })
  const smallest = createSmallest(Math.min(wish.count, SAMPLE_MAX))
  for await (const line of linesOf(folder, question.file)) {
    const row = JSON.parse(line) as Readonly<Record<string, unknown>>
    const id = String(row[answer.key])
    smallest.take(createHmac('sha256', seed).update(id).digest('hex'), { id, row })
  }
  return {
    question: question.name,
    params: question.params,
    population: { rows: question.rows, file: question.file, sha256: file?.sha256 ?? '', entry: Number(entry) },
    checkpoint: { origin: checkpoint.origin, size: Number(checkpoint.size), root: toBase64(checkpoint.root) },
    phrase: wish.phrase,
    seed: seed.toString('hex'),
    items: smallest.sorted().map((item, i) => ({ rank: i + 1, ...item })),
  }
}

/** `SHA-256(domain ‖ 0 ‖ root ‖ question ‖ 0 ‖ SHA-256(canonical parameters) ‖ phrase)`. */
export function seedOf(o: {
  readonly root: Uint8Array
  readonly question: string
  readonly params: Readonly<Record<string, unknown>>
  readonly phrase: string
}): Buffer {
  const params = createHash('sha256').update(canonicalBytes(o.params, WIDE_PROFILE)).digest()
  return createHash('sha256')
    .update(`${DOMAIN}\0`)
    .update(o.root)
    .update(`${o.question}\0`)
    .update(params)
    .update(o.phrase)
    .digest()
}

type Shown = Omit<PackManifest, 'answers'> & { readonly answers: readonly { readonly question: string; readonly key: string }[] }

function withRows({ questions }: Shown): string {
  return questions.flatMap(({ name, file }) => (file === undefined ? [] : [name])).join(', ') || 'nothing'
}

/** The checkpoint whose root seeds the sample; it must cover the entry that holds the digest of this pack. */
async function seededBy(folder: PackFolder, given: string | undefined) {
  if (!folder.files.has(PACK_FILES.afterProof))
    throw unfit('The pack holds no proof of its own export, so nothing shows that its rows stood before a checkpoint.', 'pack')
  const proof = parseProof(await textOf(folder, PACK_FILES.afterProof))
  const policy = parsePolicy(LOG_CRYPTO.sha256, await textOf(folder, PACK_FILES.policy))
  const keys = { logs: policy.logs.map(({ key }) => key), witnesses: policy.witnesses.map(({ key }) => key) }
  const own = openCheckpoint(LOG_CRYPTO, proof.checkpoint, keys)
  if (given === undefined) return { entry: proof.index, checkpoint: own }
  const checkpoint = openCheckpoint(LOG_CRYPTO, given, keys)
  if (checkpoint.origin !== own.origin || checkpoint.size <= proof.index)
    throw unfit('The checkpoint is one of another log, or it is older than the export of this pack.', 'checkpoint')
  return { entry: proof.index, checkpoint }
}

type Item = Omit<SampledItem, 'rank'>

/** Keeps the n smallest by their rank, whatever the order in which they come. */
function createSmallest(max: number): { take(key: string, item: Item): void; sorted(): readonly Item[] } {
  let kept: { readonly key: string; readonly item: Item }[] = []
  const trim = (): void => {
    kept = kept.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, max)
  }
  return {
    take(key, item) {
      kept.push({ key, item })
      if (kept.length >= 2 * max + 64) trim()
    },
    sorted() {
      trim()
      return kept.map(({ item }) => item)
    },
  }
}

async function textOf(folder: PackFolder, name: string): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of folder.read(name)) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks).toString()
}

async function* linesOf(folder: PackFolder, name: string): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of folder.read(name)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

function unfit(message: string, input: string): TrailError {
  return new TrailError('parameter_invalid', message, { input })
}
