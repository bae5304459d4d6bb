import type { Found } from '../../../src/detect/finding.ts'
import type { FindingRecord } from '../../../src/records/findings.ts'
import { createDocket, type Docket, type DocketState } from '../../../src/detect/desk/docket.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR
export const AT = Date.UTC(2026, 10, 25, 12)

let events = 0

/** Something found; each with an event of its own unless it is told. */
export function found(differs: Partial<Found> = {}): Found {
  const detectedAt = differs.detectedAt ?? AT
  return {
    tenant: 1,
    detector: 'many-networks',
    severity: 'high',
    confidence: 'high',
    subject: { kind: 'token', key: '7' },
    from: detectedAt - HOUR,
    to: detectedAt,
    detectedAt,
    measured: { observed: 12, expected: { value: 2, low: 0, high: 4 }, score: { value: 20, unit: 'bits' } },
    facts: {
      token: { as: 'token', value: 7 },
      networks: { as: 'number', value: 12 },
      span: { as: 'duration', value: DAY },
      max: { as: 'number', value: 2 },
    },
    features: ['12 networks'],
    unless: ['the token had used as many before'],
    evidence: [`evt_1_${(++events).toString(36)}`],
    evidenceCount: 1,
    caveats: [],
    touches: [],
    ...differs,
  }
}

/** A docket of a tenant of which nothing is known. */
export function emptyDocket(differs: Partial<DocketState> = {}): Docket {
  return createDocket({
    tenantNo: 1,
    findings: [],
    incidents: [],
    suppressions: [],
    credit: null,
    noticesPerWeek: 5,
    ...differs,
  })
}

/** A docket that goes on from where another ended, as if its changes had been written and read. */
export function continued(
  docket: Docket,
  differs: Partial<DocketState> = {},
  rest: (row: FindingRecord) => FindingRecord = (row) => row,
): Docket {
  const { findings, incidents, credit } = docket.changes()
  return emptyDocket({
    findings: findings.map(({ row }) => rest(row)),
    incidents: incidents.map(({ row }) => row),
    credit: credit?.after ?? null,
    ...differs,
  })
}
