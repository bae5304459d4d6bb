import { createHash } from 'node:crypto'
import type { Found, Subject } from '../finding.ts'

/** Hexadecimal digits of an id: 80 bits, so that a billion findings stay apart. */
const DIGITS = 20

/** The id of what was found, from tenant, detector, subject and first period alone: judging again gives the same. */
export function findingId({ tenant, detector, subject, from }: Pick<Found, 'tenant' | 'detector' | 'subject' | 'from'>): string {
  return `fnd_${digest([tenant, detector, subject.kind, subject.key, from])}`
}

/** The id of the incident that a finding opens at a time; a finding that comes again may open another. */
export function incidentId(finding: string, at: number): string {
  return `inc_${digest([finding, at])}`
}

/** A subject as one text. */
export function subjectText({ kind, key }: Subject): string {
  return `${kind}:${key}`
}

function digest(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, DIGITS)
}
