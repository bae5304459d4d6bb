import { CONFIDENCES, SEVERITIES, type Confidence, type Severity } from '../finding.ts'

/** Place in the order, 0 the least. */
export function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity)
}

/** The graver of two. */
export function graver(one: Severity, other: Severity): Severity {
  return rankOf(one) >= rankOf(other) ? one : other
}

/** So many steps graver, at most critical. */
export function raised(severity: Severity, steps: number): Severity {
  return SEVERITIES[Math.min(SEVERITIES.length - 1, rankOf(severity) + steps)] ?? severity
}

/** The surer of two. */
export function surer(one: Confidence, other: Confidence): Confidence {
  return CONFIDENCES.indexOf(one) >= CONFIDENCES.indexOf(other) ? one : other
}
