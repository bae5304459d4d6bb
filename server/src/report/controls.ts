import { DORA, GDPR, HIPAA, NIS2 } from './controls/laws.ts'
import { ISO_27001 } from './controls/iso-27001.ts'
import { NIST_800_53 } from './controls/nist-800-53.ts'
import { PCI_DSS } from './controls/pci-dss.ts'
import { SOC_2 } from './controls/soc-2.ts'
import type { EvidenceName } from './evidence/questions.ts'

/** What can be shown: E evidence, E/P evidence of a part, P partial, N nothing here. It is never a verdict. */
export const STATUSES = {
  E: 'evidence',
  'E/P': 'evidence for a part',
  P: 'partial',
  N: 'cannot show',
} as const
export type Status = keyof typeof STATUSES

/** What shows a control beside questions. */
export type Shown = 'permission table' | 'registry' | 'packs' | 'record of processing'

/** A control: its id in its own text, what it is about in our words, what shows it, and what is missing. */
export interface Control {
  readonly id: string
  /** Our own short words; the official text is its publisher's. */
  readonly about: string
  readonly status: Status
  readonly questions: readonly EvidenceName[]
  readonly shownBy?: readonly Shown[]
  /** What cannot be shown here. */
  readonly missing: string
}

/** Every framework, with its full name. */
export const FRAMEWORKS = {
  'soc-2': { title: 'SOC 2 (Trust Services Criteria)', controls: SOC_2 },
  'iso-27001': { title: 'ISO/IEC 27001:2022, Annex A', controls: ISO_27001 },
  'pci-dss': { title: 'PCI DSS 4.0.1', controls: PCI_DSS },
  'nist-800-53': { title: 'NIST SP 800-53 Rev. 5', controls: NIST_800_53 },
  gdpr: { title: 'GDPR, Regulation (EU) 2016/679', controls: GDPR },
  hipaa: { title: 'HIPAA Security Rule, 45 CFR 164', controls: HIPAA },
  dora: { title: 'DORA, Delegated Regulation (EU) 2024/1774', controls: DORA },
  nis2: { title: 'NIS2, Implementing Regulation (EU) 2024/2690', controls: NIS2 },
} as const satisfies Record<string, { readonly title: string; readonly controls: readonly Control[] }>
export type Framework = keyof typeof FRAMEWORKS
