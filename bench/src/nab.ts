/**
 * Scores the 58 files of the Numenta Anomaly Benchmark with the aggregate method for real-valued series: `node --conditions=source
 * bench/src/nab.ts [--out DIR] [--nab DIR] [--scorer FILE] [--note TEXT]`. Each point is scored causally, with one configuration for all files.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { createSeries, SERIES_SETTINGS } from '../../server/src/detect/series/series.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: '' },
    nab: { type: 'string', default: join(here, '../../../shared/data/nab') },
    scorer: { type: 'string', default: join(here, '../../../shared/tools/nabscore.mjs') },
    note: { type: 'string', default: '' },
    settings: { type: 'string', default: '{}' },
    files: { type: 'boolean', default: false },
  },
})

interface Corpus extends Map<string, { ts: Float64Array; value: Float64Array; windows: number[][] }> {}
type Result = Record<string, { threshold: number; score: number; windows: number; detected: number; fpRows: number; perFile: Record<string, { score: number, windows: number, detected: number, fp: number }> }>
interface Scorer {
  loadCorpus(folder: string, options?: { only?: (file: string) => boolean }): Corpus
  evaluate(corpus: Corpus, scores: Map<string, Float64Array>, options?: { thresholds?: Record<string, number> }): Result
}

const over = JSON.parse(options.settings)
const settings = { ...SERIES_SETTINGS, ...over, tail: {...SERIES_SETTINGS.tail, ...over.tail}, news: {...SERIES_SETTINGS.news, ...over.news} }
const scorer = (await import(pathToFileURL(options.scorer).href)) as Scorer
const corpus = scorer.loadCorpus(options.nab)
const scores = new Map<string, Float64Array>()
let points = 0
const started = performance.now()
for (const [file, { ts, value }] of corpus) {
  const series = createSeries(settings)
  scores.set(file, Float64Array.from(ts, (at, i) => series.judge({ at, value: value[i] ?? 0 }).score))
  points += ts.length
}
const micros = ((performance.now() - started) * 1000) / points
const half = (file: string) => (createHash('sha256').update(file).digest()[0] ?? 0) % 2
const full = scorer.evaluate(corpus, scores)
const halves = [0, 1].map((h) => {
  const other = scorer.evaluate(scorer.loadCorpus(options.nab, { only: (f) => half(f) !== h }), scores)
  const thresholds = Object.fromEntries(Object.entries(other).map(([k, v]) => [k, v.threshold]))
  const mine = scorer.evaluate(scorer.loadCorpus(options.nab, { only: (f) => half(f) === h }), scores, { thresholds })
  return Object.fromEntries(Object.entries(mine).map(([k, v]) => [k, +v.score.toFixed(2)]))
})
const digest = createHash('sha256').update(readFileSync(join(here, '../../server/src/detect/series/series.ts'))).update(readFileSync(join(here, '../../server/src/detect/series/tail.ts'))).update(options.settings).digest('hex').slice(0, 12)
const summary = { at: new Date().toISOString(), what: 'nab', note: options.note || options.settings, digest, micros: +micros.toFixed(1), full: Object.fromEntries(Object.entries(full).map(([k, v]) => [k, { score: +v.score.toFixed(2), threshold: +v.threshold.toFixed(4), detected: v.detected, fpRows: v.fpRows }])), halves }
console.log(JSON.stringify(summary))
if (options.files) for (const [f, r] of Object.entries(full.standard!.perFile)) console.log(f.padEnd(70), r.score.toFixed(2), r.detected, '/', r.windows, 'fp', r.fp)
mkdirSync(join(here, '../detect'), { recursive: true })
appendFileSync(join(here, '../detect/runs.jsonl'), JSON.stringify(summary) + '\n')
void SERIES_SETTINGS; void dirname; void writeFileSync
