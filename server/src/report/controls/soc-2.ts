import type { Control } from '../controls.ts'

/** Trust Services Criteria of which an authority over tokens shows a part. */
export const SOC_2: readonly Control[] = [
  {
    id: 'CC6.1',
    about: 'logical access to what is protected',
    status: 'P',
    questions: ['token-inventory', 'authorization-failures', 'field-completeness', 'cryptography'],
    missing: 'access to other systems and networks',
  },
  {
    id: 'CC6.2',
    about: 'registering, authorising and removing who has access',
    status: 'E/P',
    questions: ['token-lifecycle', 'offboarding-lag'],
    missing: 'that the event in the personnel office itself was timely',
  },
  {
    id: 'CC6.3',
    about: 'least privilege and separation of duties',
    status: 'P',
    questions: ['scope-excess', 'reviews', 'separation-of-duties'],
    missing: 'the business need of a scope; other systems',
  },
  { id: 'CC6.4', about: 'access to buildings and hardware', status: 'N', questions: [], missing: 'doors and hardware' },
  {
    id: 'CC6.5',
    about: 'disposal of what held data',
    status: 'P',
    questions: ['retention-runs', 'cryptography'],
    missing: 'disposal of hardware',
  },
  {
    id: 'CC6.6',
    about: 'threats from outside',
    status: 'P',
    questions: ['authentication-failures', 'findings-to-disposition'],
    missing: 'firewalls and other borders of the network',
  },
  {
    id: 'CC6.7',
    about: 'movement of data',
    status: 'P',
    questions: ['log-access'],
    missing: 'other channels by which data moves',
  },
  { id: 'CC6.8', about: 'malicious software', status: 'N', questions: [], missing: 'endpoints and the software on them' },
  {
    id: 'CC7.1',
    about: 'changes of configuration and new weaknesses',
    status: 'P',
    questions: ['privileged-actions'],
    missing: 'scans of other components',
  },
  {
    id: 'CC7.2',
    about: 'watching for anomalies',
    status: 'E',
    questions: ['findings-to-disposition'],
    missing: 'anomalies of other components',
  },
  {
    id: 'CC7.3',
    about: 'evaluating what was found',
    status: 'E/P',
    questions: ['findings-to-disposition'],
    missing: 'the quality of a judgement',
  },
  {
    id: 'CC7.4',
    about: 'responding to incidents',
    status: 'P',
    questions: ['findings-to-disposition', 'leak-response'],
    missing: 'communication with others, and lessons that were drawn',
  },
]
