import { eventId, type Milliseconds } from 'tokentrail'
import { SCALES_MS, type Lane, type Verdict } from './aggregate-lane.ts'
import { measureNamed, type Speaker } from './aggregate-measures.ts'
import { CATALOGUE } from './catalogue.ts'
import type { Confidence, Fact, Facts, Found, Severity, Subject } from './finding.ts'

/** What a finding needs beside the verdict. */
export interface Told {
  readonly tenant: number
  readonly detector: Speaker
  readonly verdict: Verdict
  /** Whether another count in place of the one seen would have been spoken of. */
  readonly speaks: (count: number) => boolean
  /** The count of another measure in the same bucket, or of distinct networks. */
  readonly beside: (measure: 'widened' | 'issued' | 'sources') => number
  /** The service or route that carries most of it, where it is known. */
  readonly most: { readonly name: string; readonly share: number } | null
  readonly detectedAt: Milliseconds
}

type Side = 'up' | 'down' | 'driftUp' | 'driftDown'

/** The finding of one verdict, in the words of the catalogue. */
export function foundOf(told: Told): Found {
  const { tenant, detector, verdict, detectedAt } = told
  const { lane, at, value, strangeness, scale } = verdict
  const side = sideOf(told)
  const drifting = detector === 'slow-drift'
  const run = drifting ? runOf(verdict) : null
  return {
    tenant,
    detector,
    severity: severityOf(told),
    confidence: confidenceOf(strangeness[side] * (drifting ? 6 : 1), strangeness.learning),
    subject: subjectOf(lane),
    from: run?.since ?? at,
    to: at + (SCALES_MS[scale] ?? 0),
    detectedAt,
    measured: {
      observed: value,
      expected: { value: strangeness.expected, low: strangeness.low, high: strangeness.high },
      score: { value: strangeness[side], unit: '-log10 p' },
    },
    facts: FACTS[detector](told),
    features: featuresOf(told, side),
    unless: [unlessOf(told, side)],
    evidence: lane.evidence().map(({ writer, seq }) => eventId(writer, seq)),
    evidenceCount: Math.round(value),
    caveats: [...(strangeness.learning ? (['learning'] as const) : []), ...(verdict.late ? (['late'] as const) : [])],
    touches: [subjectOf(lane), ...(told.most ? [{ kind: 'service', key: told.most.name } as const] : [])],
  }
}

/** A stream's name: the measure alone, or with the service or route in which it is counted. */
export function subjectOf({ name: { measure, fold, value } }: Lane): Subject {
  if (fold === 'all') return { kind: 'tenant', key: measure === 'forged' ? 'forged tokens' : measure }
  return { kind: 'service', key: `${fold} ${value} · ${measure}` }
}

function sideOf({ detector, verdict: { strangeness } }: Told): Side {
  if (detector === 'volume-drop') return 'down'
  if (detector !== 'slow-drift') return 'up'
  return strangeness.driftUp >= strangeness.driftDown ? 'driftUp' : 'driftDown'
}

function severityOf({ detector, verdict: { value, strangeness }, beside }: Told): Severity {
  const usual = CATALOGUE[detector].severity
  if (detector === 'issue-burst') return beside('widened') > 0 ? 'high' : usual
  const tenfold = value >= 10 * strangeness.expected || value <= strangeness.expected / 10
  return tenfold && (detector === 'volume-spike' || detector === 'volume-drop') ? 'medium' : usual
}

function confidenceOf(score: number, learning: boolean): Confidence {
  if (learning || score < 8) return 'low'
  return score < 12 ? 'medium' : 'high'
}

const number = (value: number): Fact => ({ as: 'number', value })
const rounded = (value: number): Fact => number(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))
const spanOf = ({ verdict: { scale } }: Told): Fact => ({ as: 'duration', value: SCALES_MS[scale] ?? 0 })
const text = (value: string): Fact => ({ as: 'text', value })

const FACTS: Readonly<Record<Speaker, (told: Told) => Facts>> = {
  'volume-spike': volumeFacts,
  'volume-drop': volumeFacts,
  'slow-drift': ({ verdict }) => {
    const { since, change } = runOf(verdict)
    return { measure: text(wordsOf(verdict.lane)), change: { as: 'share', value: change }, since: { as: 'time', value: since } }
  },
  'forged-shape': (told) => ({
    attempts: number(told.verdict.value),
    sources: number(told.beside('sources')),
    span: spanOf(told),
    expected: rounded(told.verdict.strangeness.expected),
  }),
  'issue-burst': (told) => ({
    issued: number(told.beside('issued')),
    widened: number(told.beside('widened')),
    span: spanOf(told),
    max: number(told.verdict.highest),
  }),
  'revoke-burst': (told) => ({ revoked: number(told.verdict.value), span: spanOf(told), max: number(told.verdict.highest) }),
}

function volumeFacts(told: Told): Facts {
  const { value, strangeness, lane } = told.verdict
  return {
    observed: number(value),
    measure: text(wordsOf(lane)),
    span: spanOf(told),
    expected: rounded(strangeness.expected),
    low: number(strangeness.low),
    high: number(strangeness.high),
  }
}

function wordsOf({ name: { measure, fold, value } }: Lane): string {
  const { words } = measureNamed(measure)
  return fold === 'all' ? words : `${words} in ${fold} ${value}`
}

function runOf({ lane, scale, strangeness }: Verdict): { readonly since: Milliseconds; readonly change: number } {
  return lane.streams[scale]?.run(strangeness.driftUp >= strangeness.driftDown ? 'up' : 'down') ?? { since: 0, change: 0 }
}

function featuresOf({ verdict, most }: Told, side: Side): string[] {
  const { strangeness, value, lane } = verdict
  const ratio = value / Math.max(strangeness.expected, 0.1)
  const first =
    side === 'up' || side === 'down'
      ? `${wordsOf(lane)}: ${ratio.toPrecision(2)} times what is expected (${strangeness[side].toFixed(1)} −log10 p)`
      : `a sum of small deviations at ${strangeness[side].toFixed(1)} of its bar`
  return most ? [first, `${most.name} carries ${Math.round(most.share * 100)} %`] : [first]
}

/** The nearest count that would have stayed under the bar, found by asking the stream itself. */
function unlessOf({ verdict: { lane, value, strangeness }, speaks }: Told, side: Side): string {
  if (side === 'driftUp' || side === 'driftDown')
    return 'It would not have fired if the deviation had ended, or turned, before now.'
  let [calm, loud] = [strangeness.expected, value]
  for (let step = 0; step < 40 && Math.abs(loud - calm) > 1; step++) {
    const middle = Math.round((calm + loud) / 2)
    if (middle === loud || middle === calm) break
    if (speaks(middle)) loud = middle
    else calm = middle
  }
  const count = Math.round(loud)
  return side === 'up'
    ? `It would not have fired if there had been fewer than ${count} ${wordsOf(lane)}.`
    : `It would not have fired if there had been more than ${count} ${wordsOf(lane)}.`
}
