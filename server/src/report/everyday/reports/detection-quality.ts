import { FIGURE_COLUMNS, figure, shareFigure } from '../figures.ts'
import type { DetectorPrecision, Precision } from '../../../detect/desk/precision.ts'
import type { Asked, Report, Section } from '../report.ts'

const precisionIn = ({ get, window }: Asked): Promise<Precision> => get('/v1/findings/precision', { ...window })

const ALL = {
  name: 'all',
  title: 'All detectors',
  says: 'Precision is true positives among those that people judged so or otherwise. How many attacks nobody found cannot be known.',
  asks: ['/v1/findings/precision'],
  as: 'figures',
  columns: FIGURE_COLUMNS,
  async *rows(asked) {
    const { all, notices } = await precisionIn(asked)
    yield figure('Findings', all.findings)
    yield shareFigure('Precision', all.precision)
    yield shareFigure('Judged', all.coverage)
    yield figure('Suppressed', all.suppressed)
    for (const [notice, count] of Object.entries(notices)) yield figure(`Notices: ${notice}`, count)
  },
} as const satisfies Section

const DETECTORS = {
  name: 'detectors',
  title: 'By detector',
  says: 'A detector with many false positives should be looked at; nothing changes by itself.',
  asks: ['/v1/findings/precision'],
  columns: {
    detector: { title: 'Detector', form: 'text' },
    version: { title: 'Version', form: 'count' },
    findings: { title: 'Findings', form: 'count' },
    precision: { title: 'Precision', form: 'share' },
    low: { title: 'Low', form: 'share' },
    high: { title: 'High', form: 'share' },
    coverage: { title: 'Judged', form: 'share' },
    suppressed: { title: 'Suppressed', form: 'count' },
    review: { title: 'Look at its setting', form: 'flag' },
  },
  async *rows(asked) {
    const { detectors } = await precisionIn(asked)
    for (const each of detectors.toSorted(byFindings)) {
      const { detector, version, findings, precision, coverage, suppressed, reviewSetting } = each
      yield {
        detector,
        version,
        findings,
        precision: precision?.value ?? null,
        low: precision?.low ?? null,
        high: precision?.high ?? null,
        coverage: coverage?.value ?? null,
        suppressed,
        review: reviewSetting,
      }
    }
  },
} as const satisfies Section

function byFindings(a: DetectorPrecision, b: DetectorPrecision): number {
  return b.findings - a.findings || (a.detector < b.detector ? -1 : a.detector > b.detector ? 1 : a.version - b.version)
}

/** How good are the detectors? */
export const detectionQuality = {
  reader: 'security',
  title: 'Detection quality',
  answers: 'How good are the detectors, by the verdicts of people?',
  days: 30,
  params: {},
  sections: [ALL, DETECTORS],
} as const satisfies Report
