import { FRAMEWORKS, type Control, type Framework } from './controls.ts'
import { EVIDENCE_NAMES, type EvidenceName } from './evidence/questions.ts'
import type { EvidenceParam } from './evidence/params.ts'

/** A pack as it is offered: for whom, over which time, resting on which questions. */
export interface PackKind {
  readonly title: string
  /** What it is for, for people. */
  readonly says: string
  /** Length of its period, where none is asked for. */
  readonly days: number
  readonly questions: readonly EvidenceName[]
  /** Parameters that it may be asked with; they go to the questions that take them. */
  readonly params?: readonly EvidenceParam[]
  /** Of these parameters one has to be given. */
  readonly needs?: readonly EvidenceParam[]
  /** Controls that it is evidence about. */
  readonly framework?: Framework
  /** What is added beside the answers. */
  readonly adds?: readonly PackAddition[]
}

export type PackAddition = 'record of processing' | 'counted rows'

const KINDS = {
  'access-review': {
    title: 'Access review',
    says: 'who and what has access, what of it is used, and who agreed: read and signed each quarter by somebody who did not make it',
    days: 92,
    questions: [
      'token-inventory',
      'scope-excess',
      'stale-tokens',
      'offboarding-lag',
      'separation-of-duties',
      'privileged-actions',
      'log-access',
      'reviews',
    ],
    params: ['days'],
  },
  'token-hygiene': {
    title: 'Token hygiene',
    says: 'tokens that are too old, too strong, unused, shared, or stored in ways that should end',
    days: 90,
    questions: ['token-inventory', 'stale-tokens', 'scope-excess', 'shared-use', 'cryptography', 'leak-response'],
    params: ['days', 'networks', 'services'],
  },
  'privileged-actions': {
    title: 'Privileged actions',
    says: 'what was done to roles, configuration, rules and keys, and who agreed',
    days: 30,
    questions: ['privileged-actions', 'separation-of-duties', 'log-access'],
  },
  'log-integrity': {
    title: 'Log integrity and availability',
    says: 'whether logging ran, what was lost, and what vouches for the log',
    days: 30,
    questions: ['log-integrity', 'log-lifecycle', 'clock', 'capacity', 'field-completeness', 'retention-runs'],
  },
  'daily-review': {
    title: 'Daily review',
    says: 'what happened in a day: failures, findings, privileged actions, gaps; read and signed each day',
    days: 1,
    questions: [
      'authentication-failures',
      'authorization-failures',
      'findings-to-disposition',
      'privileged-actions',
      'log-lifecycle',
      'leak-response',
      'capacity',
    ],
  },
  offboarding: {
    title: 'Offboarding',
    says: 'how fast tokens ended after their owners were disabled',
    days: 90,
    questions: ['offboarding-lag', 'token-lifecycle', 'token-inventory'],
  },
  incident: {
    title: 'Incident and what it touched',
    says: 'what was found, what was decided and done, and every use of the tokens that it touched',
    days: 30,
    questions: [
      'findings-to-disposition',
      'leak-response',
      'token-lifecycle',
      'authentication-failures',
      'authorization-failures',
    ],
    params: ['incident', 'token'],
    needs: ['incident', 'token'],
    adds: ['counted rows'],
  },
  privacy: {
    title: 'Privacy operations and record of processing',
    says: 'what was done for and about people, and what is processed for which purpose',
    days: 90,
    questions: ['privacy-operations', 'retention-runs', 'log-access', 'cryptography'],
    adds: ['record of processing'],
  },
  retention: {
    title: 'Retention and destruction',
    says: 'what was taken away by which rule, which keys were destroyed, and which holds stood against it',
    days: 400,
    questions: ['retention-runs', 'log-integrity', 'cryptography'],
  },
} as const satisfies Record<string, PackKind>

/** Every pack by its name: those of the catalogue, and an auditor's bundle for each framework. */
export const PACKS: Readonly<Record<string, PackKind>> = { ...KINDS, ...bundles() }

export const PACK_NAMES: readonly string[] = Object.keys(PACKS)

function bundles(): Record<string, PackKind> {
  const frameworks = Object.keys(FRAMEWORKS) as Framework[]
  return Object.fromEntries(frameworks.map((framework) => [`auditor-${framework}`, bundle(framework)]))
}

function bundle(framework: Framework): PackKind {
  const { title, controls } = FRAMEWORKS[framework]
  const all: readonly Control[] = controls
  const asked = new Set(all.flatMap(({ questions }) => questions))
  const isProcessing = all.some(({ shownBy = [] }) => shownBy.includes('record of processing') || shownBy.includes('registry'))
  return {
    title: `Auditor's bundle: ${title}`,
    says: `evidence about controls of ${title}, and what cannot be shown`,
    days: 92,
    questions: EVIDENCE_NAMES.filter((name) => asked.has(name)),
    params: ['days', 'networks', 'services'],
    framework,
    ...(isProcessing ? { adds: ['record of processing'] } : {}),
  }
}
