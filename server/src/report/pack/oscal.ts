import { createHash } from 'node:crypto'
import { FRAMEWORKS, type Control } from '../controls.ts'
import type { PackAnswer } from './answers.ts'
import type { LogPart } from './log-part.ts'
import type { PackPlan } from './plan.ts'

/** Where OSCAL stands in a pack. */
export const OSCAL_FILES = { results: 'oscal/assessment-results.json', plan: 'oscal/assessment-plan.json' } as const

/** Only members that 1.0.6 and 1.1.2 share are written. */
const OSCAL_VERSION = '1.0.6'
const EXPIRES_MS = 92 * 86_400_000
const NAMESPACE = 'https://tokentrail.example/ns/oscal'

/**
 * OSCAL assessment results: one observation per figure. Ids follow from content, so the same run gives the same file. Findings,
 * whether a control is met, belong to the assessor and are not written.
 */
export function oscalResults(plan: PackPlan, answers: readonly PackAnswer[], log: LogPart | null): object {
  const made = iso(plan.madeAt)
  const id = (part: string): string => uuidOf(`${plan.reportId}/${part}/${plan.madeAt}`)
  return {
    'assessment-results': {
      uuid: id('assessment-results'),
      metadata: { title: plan.title, 'last-modified': made, version: plan.reportId, 'oscal-version': OSCAL_VERSION },
      'import-ap': { href: `./${OSCAL_FILES.plan.split('/')[1] ?? ''}` },
      results: [
        {
          uuid: id('result'),
          title: plan.title,
          description: `Observations of what was recorded from ${iso(plan.window.from)} to ${iso(plan.window.to)}. They give figures and no verdict.`,
          start: iso(plan.window.from),
          end: iso(plan.window.to),
          props: propsOf(plan, log),
          'reviewed-controls': reviewedControls(plan),
          observations: answers.flatMap((answer) => observationsOf(plan, answer, log)),
        },
      ],
    },
  }
}

/** The static plan that the results point to: how every figure is made. */
export function oscalPlan(plan: PackPlan): object {
  return {
    'assessment-plan': {
      uuid: uuidOf(`plan/${plan.name}`),
      metadata: {
        title: `Plan: ${plan.title}`,
        'last-modified': iso(0),
        version: '1',
        'oscal-version': OSCAL_VERSION,
      },
      'import-ssp': { href: '#system-security-plan-of-the-assessed-organisation' },
      'reviewed-controls': reviewedControls(plan),
    },
  }
}

function propsOf({ level, tenant }: PackPlan, log: LogPart | null): readonly object[] {
  return [
    { name: 'redaction', ns: NAMESPACE, value: level },
    { name: 'tenant', ns: NAMESPACE, value: tenant.id },
    ...(log === null
      ? []
      : [
          { name: 'log-index', ns: NAMESPACE, value: String(log.log.last.size) },
          { name: 'log-origin', ns: NAMESPACE, value: log.log.origin },
        ]),
  ]
}

function reviewedControls({ framework }: PackPlan): object {
  if (framework === null) return { 'control-selections': [{ description: 'No framework was asked for.', 'include-all': {} }] }
  const { title, controls } = FRAMEWORKS[framework]
  const some: readonly Control[] = controls
  const ids = some.filter(({ status }) => status !== 'N').map(({ id }) => ({ 'control-id': tokenOf(id) }))
  return {
    description: `Controls of ${title} about which there is evidence here.`,
    'control-selections': [{ 'include-controls': ids }],
  }
}

function observationsOf(plan: PackPlan, { head, figures, file, rows }: PackAnswer, log: LogPart | null): readonly object[] {
  const href = file === null ? '../report.json' : `../${file.name}`
  return figures.map(({ name, says, value, of }) => ({
    uuid: uuidOf(`${plan.reportId}/${head.question}/${name}/${String(value)}/${plan.madeAt}`),
    title: `${head.id} ${head.question}: ${name}`,
    description: `${says}: ${value === null ? 'none' : String(value)}${of === undefined || of === null ? '' : ` of ${String(of)}`}`,
    methods: ['TEST'],
    collected: iso(head.watermark),
    expires: iso(head.watermark + EXPIRES_MS),
    props: [
      { name: 'figure', ns: NAMESPACE, value: value === null ? 'none' : String(value) },
      { name: 'rows', ns: NAMESPACE, value: String(rows) },
      ...(file === null ? [] : [{ name: 'sha256', ns: NAMESPACE, value: file.sha256 }]),
      ...(log === null ? [] : [{ name: 'log-index', ns: NAMESPACE, value: String(log.log.last.size) }]),
    ],
    'relevant-evidence': [{ href, description: `${head.answers}. Cannot show: ${head.cannotShow}.` }],
  }))
}

/** An OSCAL token: begins with a letter or underscore, then letters, digits, dots, dashes. */
function tokenOf(id: string): string {
  const plain = id
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}.]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '')
  return /^[\p{L}_]/u.test(plain) ? plain : `_${plain}`
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

/** A UUID of version 5's shape out of a text, so that the same content has the same id. */
function uuidOf(text: string): string {
  const bytes = createHash('sha1').update(`tokentrail/oscal/v1/${text}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
