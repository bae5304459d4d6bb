import type { Control } from '../controls.ts'

const ELSEWHERE = 'processing elsewhere, and whether a purpose is lawful'

/** Articles of the GDPR of which an authority over tokens shows a part. */
export const GDPR: readonly Control[] = [
  {
    id: 'Art. 5(1)(c)',
    about: 'as little data as needed',
    status: 'E/P',
    questions: [],
    shownBy: ['registry'],
    missing: ELSEWHERE,
  },
  { id: 'Art. 5(1)(e)', about: 'no longer than needed', status: 'E/P', questions: ['retention-runs'], missing: ELSEWHERE },
  {
    id: 'Art. 5(2)',
    about: 'accountability',
    status: 'E/P',
    questions: [],
    shownBy: ['record of processing'],
    missing: 'whether it suffices',
  },
  {
    id: 'Art. 15–18',
    about: 'access, correction, erasure, restriction',
    status: 'E/P',
    questions: ['privacy-operations'],
    missing: ELSEWHERE,
  },
  {
    id: 'Art. 25',
    about: 'privacy by design and by default',
    status: 'E/P',
    questions: ['retention-runs'],
    shownBy: ['registry'],
    missing: ELSEWHERE,
  },
  {
    id: 'Art. 30',
    about: 'record of processing',
    status: 'E/P',
    questions: [],
    shownBy: ['record of processing'],
    missing: 'processing elsewhere',
  },
  {
    id: 'Art. 32',
    about: 'security of processing',
    status: 'P',
    questions: ['log-integrity', 'cryptography'],
    missing: 'whether it suffices',
  },
  {
    id: 'Art. 33',
    about: 'notice of a breach to the authority',
    status: 'P',
    questions: ['leak-response'],
    missing: 'the decision to notify',
  },
  {
    id: 'Art. 34',
    about: 'notice of a breach to people',
    status: 'P',
    questions: ['leak-response'],
    missing: 'the decision to notify',
  },
]

const HEALTH = 'health records in other systems'

/** Paragraphs of the HIPAA Security Rule of which an authority over tokens shows a part. */
export const HIPAA: readonly Control[] = [
  {
    id: '164.308(a)(1)(ii)(D)',
    about: 'review of activity',
    status: 'E/P',
    questions: ['reviews'],
    missing: 'the judgement of the reviewer',
  },
  { id: '164.312(a)(2)(i)', about: 'unique identification', status: 'E/P', questions: ['token-inventory'], missing: HEALTH },
  { id: '164.312(b)', about: 'audit controls', status: 'E/P', questions: ['field-completeness'], missing: HEALTH },
  { id: '164.312(c)(1)', about: 'integrity', status: 'E/P', questions: ['log-integrity'], missing: HEALTH },
  { id: '164.312(d)', about: 'authentication', status: 'E/P', questions: ['authentication-failures'], missing: HEALTH },
  {
    id: '164.316(b)(2)(i)',
    about: 'six years of records',
    status: 'E/P',
    questions: ['retention-runs'],
    missing: 'documents kept elsewhere; counted rows of the store are kept less long, log and records carry the six years',
  },
]

/** Articles on which an authority over tokens shows a part. */
export const DORA: readonly Control[] = [
  {
    id: 'RTS Art. 12',
    about: 'logging',
    status: 'E/P',
    questions: ['log-lifecycle', 'log-integrity', 'clock', 'retention-runs', 'field-completeness'],
    missing: 'logs of networks and of capacity elsewhere',
  },
  {
    id: 'RTS Art. 20',
    about: 'identities',
    status: 'P',
    questions: ['token-inventory', 'token-lifecycle', 'offboarding-lag'],
    missing: 'other systems',
  },
  {
    id: 'RTS Art. 21',
    about: 'access',
    status: 'P',
    questions: ['stale-tokens', 'scope-excess', 'separation-of-duties'],
    missing: 'other systems',
  },
  { id: 'RTS Art. 23', about: 'anomalies', status: 'P', questions: ['findings-to-disposition'], missing: 'other systems' },
]

/** Rules on which an authority over tokens shows a part. */
export const NIS2: readonly Control[] = [
  {
    id: 'Annex 3.2',
    about: 'monitoring and logging (Art. 21)',
    status: 'E/P',
    questions: ['log-lifecycle', 'log-integrity', 'clock', 'retention-runs', 'reviews', 'findings-to-disposition'],
    missing: 'whether the entity is in scope; logs of other systems',
  },
  {
    id: 'Art. 23',
    about: 'reports of incidents within 24 and 72 hours',
    status: 'P',
    questions: ['findings-to-disposition', 'leak-response'],
    missing: 'the report itself',
  },
]
