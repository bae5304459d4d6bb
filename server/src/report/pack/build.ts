import { createHash } from 'node:crypto'
import { canonicalBytes, WIDE_PROFILE } from 'tokentrail/log'
import {
  PACK_FILES,
  timeText,
  WHAT_IS_NOT_PROVEN,
  type Figure,
  type PackFigure,
  type PackManifest,
  type PackQuestion,
  type PackTable,
} from 'tokentrail/verify'
import { REGISTRY } from '../../audit/registry.ts'
import type { AskEvidence } from '../evidence/ask.ts'
import { LEVEL_SAYS } from '../evidence/level.ts'
import { EVIDENCE } from '../evidence/questions.ts'
import type { ReportKey } from '../report-key.ts'
import { answerInto, type PackAnswer } from './answers.ts'
import { compose, type Composed } from './compose.ts'
import type { CountedRows, WriteCounted } from './counted.ts'
import { htmlOf } from './html.ts'
import { writeLog, type LogPart, type LogPartParts } from './log-part.ts'
import { OSCAL_FILES, oscalPlan, oscalResults } from './oscal.ts'
import type { PackFolder } from './pack-folder.ts'
import { writePdf } from './pdf.ts'
import type { PackPlan } from './plan.ts'

/** What a pack is built with. */
export interface BuildParts {
  readonly ask: AskEvidence
  readonly key: ReportKey
  readonly version: string
  readonly isInstall: (tenantNo: number) => boolean
  readonly separation: () => Promise<'enforced' | 'waived'>
  /** Null where no audit log is kept: a pack without proofs. */
  readonly log: LogPartParts | null
  /** Since when nothing outside vouches for the log, in words. */
  readonly unwitnessed: (part: LogPart | null) => Promise<string>
  readonly counted: WriteCounted | null
  /** The page that verifies; none where it was not built. */
  readonly page: () => Promise<Uint8Array | undefined>
}

export interface Built {
  /** SHA-256 of `report.json`, hex. */
  readonly digest: string
  readonly rows: number
  readonly log: LogPart | null
}

/**
 * Writes everything of a pack but what comes after its own export: answers, the log's part, pages, OSCAL, manifest and signature.
 * The same plan over the same data gives the same bytes.
 */
export async function buildPack(
  folder: PackFolder,
  plan: PackPlan,
  parts: BuildParts,
  o: { readonly signal: AbortSignal; readonly onProgress?: (done: number, of: number) => void },
): Promise<Built> {
  const steps = plan.questions.length + 2
  const answers: PackAnswer[] = []
  for (const [i, { name, params }] of plan.questions.entries()) {
    o.onProgress?.(i, steps)
    answers.push(
      await answerInto(folder, parts.ask, { tenantNo: plan.tenant.no, name, params, level: plan.level, signal: o.signal }),
    )
  }
  o.onProgress?.(plan.questions.length, steps)
  const isInstall = parts.isInstall(plan.tenant.no)
  const { tenant, window, level } = plan
  const log =
    parts.log === null ? null : await writeLog(folder, parts.log, { tenant, isInstall, window, level, signal: o.signal })
  const counted = await countedOf(folder, plan, parts, log, o.signal)
  o.onProgress?.(plan.questions.length + 1, steps)
  await writePages(folder, plan, parts, { answers, log, counted })
  const manifest = manifestOf(folder, plan, parts, { answers, log, counted, separation: await parts.separation() })
  const bytes = canonicalBytes(manifest, WIDE_PROFILE)
  await folder.put(PACK_FILES.manifest, bytes)
  await folder.put(PACK_FILES.signature, await parts.key.sign(bytes))
  const digest = createHash('sha256').update(bytes).digest('hex')
  return { digest, rows: answers.reduce((sum, { rows }) => sum + rows, counted?.rows ?? 0), log }
}

function countedOf(
  folder: PackFolder,
  plan: PackPlan,
  parts: BuildParts,
  log: LogPart | null,
  signal: AbortSignal,
): Promise<CountedRows | null> {
  const wanted = plan.adds.includes('counted rows') && plan.level !== 'aggregate'
  return wanted && log !== null && parts.counted !== null ? parts.counted(folder, plan, log, signal) : Promise.resolve(null)
}

async function writePages(
  folder: PackFolder,
  plan: PackPlan,
  parts: BuildParts,
  of: { readonly answers: readonly PackAnswer[]; readonly log: LogPart | null; readonly counted: CountedRows | null },
): Promise<void> {
  const composed: Composed = {
    ...of,
    plan,
    separation: await parts.separation(),
    unwitnessed: await parts.unwitnessed(of.log),
    dataDigest: digestOfData(folder),
    reportKey: parts.key.vkey,
  }
  const document = compose(composed)
  await folder.put('report.html', htmlOf(document))
  const pdf = await folder.open('report.pdf')
  await writePdf(document, plan.madeAt, (chunk) => pdf.write(chunk))
  await pdf.end()
  await folder.put(OSCAL_FILES.results, json(oscalResults(plan, of.answers, of.log)))
  await folder.put(OSCAL_FILES.plan, json(oscalPlan(plan)))
  const page = await parts.page()
  if (page) await folder.put(PACK_FILES.page, page)
}

function digestOfData(folder: PackFolder): string {
  const lines = folder.files().map(({ name, sha256 }) => `${sha256}  ${name}\n`)
  return createHash('sha256').update(lines.join('')).digest('hex')
}

function manifestOf(
  folder: PackFolder,
  plan: PackPlan,
  parts: BuildParts,
  {
    answers,
    log,
    counted,
    separation,
  }: {
    readonly answers: readonly PackAnswer[]
    readonly log: LogPart | null
    readonly counted: CountedRows | null
    readonly separation: 'enforced' | 'waived'
  },
): PackManifest {
  return {
    v: 1,
    format: 'tokentrail/pack',
    report: { id: plan.reportId, name: plan.name, title: plan.title, version: parts.version },
    tenant: log?.log.scope === 'range' ? 'install' : plan.tenant.id,
    from: iso(plan.window.from),
    to: iso(plan.window.to),
    madeAt: iso(plan.madeAt),
    recipient: plan.recipient,
    expiresAt: iso(plan.expiresAt),
    redaction: `${plan.level}: ${LEVEL_SAYS[plan.level]}`,
    separation,
    sentence: WHAT_IS_NOT_PROVEN,
    reportKey: parts.key.vkey,
    log: log?.log ?? null,
    questions: [...answers.map((answer) => questionOf(answer, plan, log)), ...(counted === null ? [] : [counted.question])],
    files: folder.files(),
    answers: answers.map((answer) => ({ ...asShown(answer), tenant: plan.tenant.id })),
  }
}

function questionOf({ head, rows, figures, file }: PackAnswer, plan: PackPlan, log: LogPart | null): PackQuestion {
  return {
    id: head.id,
    name: head.question,
    params: head.params,
    rows,
    ...(file === null ? {} : { file: file.name }),
    figures: log === null ? [] : figures.flatMap((figure) => inEntries(figure, plan, log)),
  }
}

/** A figure that counts events with a leaf of their own is counted again from the entries, by whoever holds the pack. */
function inEntries({ name, where = {}, sum, max }: Figure, plan: PackPlan, log: LogPart): readonly PackFigure[] {
  const { type, ...others } = where
  if (type === undefined || sum !== undefined || max !== undefined || Object.keys(others).length > 0) return []
  const types = (Array.isArray(type) ? type : [type]).filter((each) => typeof each === 'string')
  if (types.length === 0 || !types.every(hasOwnLeaf)) return []
  return [
    {
      name,
      source: 'entries',
      where: { tenant: plan.tenant.id, type: types },
      within: { path: 'at', from: iso(plan.window.from), to: iso(plan.window.to) },
      value: types.reduce((count, each) => count + (log.counts.get(each) ?? 0), 0),
    },
  ]
}

function hasOwnLeaf(type: string): boolean {
  return Object.hasOwn(REGISTRY, type) && REGISTRY[type as keyof typeof REGISTRY].leaf === 'own'
}

/** Figures as the pages show them, with the rule by which anyone counts them again from the rows of the answer. */
function asShown({ head, figures, file }: PackAnswer): PackTable & Readonly<Record<string, unknown>> {
  return {
    question: head.question,
    answers: head.answers,
    reads: head.from,
    watermark: timeText(head.watermark),
    completeness: { ...head.completeness, lost: { ...head.completeness.lost } },
    lateEvents: head.lateEvents,
    method: head.method,
    cannotShow: head.cannotShow,
    level: head.level,
    withheld: head.withheld,
    key: EVIDENCE[head.question].key,
    file: file === null ? null : file.name,
    figures: figures.map((figure) => ({ ...figure })),
  }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
