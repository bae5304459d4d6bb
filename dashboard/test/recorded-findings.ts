import type { BlastRadius, Finding, FindingDetail, Incident, Severity } from '../src/api/findings.ts'
import { tokenRef } from './recorded.ts'

/** Findings as a server gives them, for pages under test: one incident of two, one with an expected interval, one of a user's rule. */

const HOUR = 3_600_000
const iso = (at: number) => new Date(at).toISOString()

export function findings(now: number): readonly Finding[] {
  return [
    finding(now, 1, {
      detector: 'guess-then-hit',
      finds: 'a guess or a stuffed leaked list that worked',
      severity: 'critical',
      incidentId: 'inc_1',
      parts: [
        { text: 'After ' },
        { text: '412', fact: 'failures', as: 'number' },
        { text: ' failures ' },
        { text: 'network 51c2a90be1f04d77', fact: 'network', as: 'network', ref: '51c2a90be1f04d77' },
        { text: ' was accepted with ' },
        { text: 'token “billing bot” (tok0000000000000)', fact: 'token', as: 'token', ref: 'tok0000000000000' },
        { text: ' of ' },
        { text: 'finance@example.org', fact: 'owner', as: 'owner', ref: 'finance@example.org' },
        { text: ', never seen there.' },
      ],
      features: ['new network (14 bits)', 'first success after failures (9 bits)'],
      unless: ['It would not have fired if the network had been used by 3 other tokens of the owner'],
      suggests: ['suspend', 'revoke'],
      techniques: ['T1110.004', 'T1078'],
      caveats: ['learning'],
      measured: { observed: 412, expected: { value: 6, low: 1, high: 22 }, score: { value: 23.4, unit: 'bits' } },
    }),
    finding(now, 2, {
      detector: 'guessing',
      finds: 'brute force or enumeration from one source',
      severity: 'medium',
      incidentId: 'inc_1',
      repeats: 3,
      subject: { kind: 'source', name: '51c2a90be1f04d77' },
    }),
    finding(now, 3, {
      detector: 'replay',
      finds: 'a single-use token used twice',
      severity: 'high',
      exact: true,
      incidentId: 'inc_2',
      notice: 'held back',
      measured: { observed: 2, expected: null, score: { value: 1, unit: 'exact' } },
    }),
    finding(now, 4, {
      detector: 'volume-drop',
      finds: 'a dead integration, or silence',
      severity: 'low',
      incidentId: 'inc_3',
      subject: { kind: 'service', name: 'export' },
      measured: { observed: 3, expected: { value: 880, low: 640, high: 1_150 }, score: { value: 6.2, unit: '-log10 p' } },
    }),
  ]
}

export function incidents(now: number): readonly Incident[] {
  const rows: readonly (readonly [string, Severity, string, number])[] = [
    ['inc_1', 'critical', 'a guess or a stuffed leaked list that worked', 2],
    ['inc_2', 'high', 'a single-use token used twice', 1],
    ['inc_3', 'low', 'a dead integration, or silence', 1],
  ]
  return rows.map(([id, severity, title, findingsCount]) => ({
    id,
    severity,
    state: 'open',
    title,
    findingsCount,
    notice: id === 'inc_2' ? 'held back' : 'sent',
    firstAt: iso(now - 6 * HOUR),
    lastAt: iso(now - HOUR),
  }))
}

export function findingDetail(one: Finding, now: number): FindingDetail {
  return {
    ...one,
    facts: {
      network: { as: 'network', value: '51c2a90be1f04d77', text: 'network 51c2a90be1f04d77' },
      failures: { as: 'number', value: 412, text: '412' },
    },
    life: {
      token: tokenRef(0),
      issuedAt: iso(now - 52 * 24 * HOUR),
      ageMs: 52 * 24 * HOUR,
      expiresAt: null,
      endedAt: null,
      rotations: 1,
      scopes: ['orders:read', 'orders:write'],
      lastUsedAt: iso(now - 90_000),
      acceptedIn30d: 48_000,
      lastUseKnown: true,
    },
    marks: [
      { id: 'mrk_1', kind: 'deploy', name: 'release 4.2', service: 'api', from: iso(now - 3 * HOUR), to: iso(now - 2 * HOUR) },
    ],
  }
}

export function blastRadius(now: number): BlastRadius {
  const use = (name: string, accepted: number) => ({
    name,
    attempts: accepted,
    accepted,
    failed: 0,
    firstAt: now - HOUR,
    lastAt: now,
  })
  return {
    owner: { id: 'finance@example.org', otherTokens: 4 },
    services: [use('api', 40_210), use('export', 1_204)],
    clients: [use('node', 41_000), use('curl', 414)],
    networks: [],
    share7d: { value: 0.031, numerator: 9_800, denominator: 316_129, low: 0.0304, high: 0.0316, method: 'wilson-95' },
    share28d: { value: 0.029, numerator: 41_414, denominator: 1_428_069, low: 0.0287, high: 0.0293, method: 'wilson-95' },
    lastUsedAt: now - 90_000,
    nextUse: { at: now + HOUR, by: 'hour of the week' },
  }
}

function finding(now: number, index: number, own: Partial<Finding>): Finding {
  const at = now - index * HOUR
  const { parts = [{ text: `${own.finds ?? 'Something'}, in a sentence of its own.` }] } = own
  return {
    id: `fnd_${index}`,
    detector: 'guessing',
    version: 1,
    finds: '',
    exact: false,
    severity: 'medium',
    confidence: 'high',
    state: 'open',
    verdict: null,
    note: null,
    assignee: null,
    subject: { kind: 'token', name: 'tok0000000000000', token: tokenRef(0) },
    measured: { observed: 412, expected: null, score: { value: 4, unit: 'bits' } },
    features: [],
    unless: [],
    evidence: Array.from({ length: 9 }, (_, place) => `evt_7_${place.toString(36)}`),
    evidenceCount: 413,
    caveats: [],
    techniques: ['T1110.001'],
    suggests: ['review'],
    incidentId: null,
    repeats: 0,
    notice: 'sent',
    from: iso(at - 600_000),
    to: iso(at),
    detectedAt: iso(at),
    seenAt: iso(at),
    ...own,
    parts,
    sentence: parts.map(({ text }) => text).join(''),
  }
}
