import { TrailError } from '../../errors.ts'

/** What a report may be told beside its window, with what it means. */
export const REPORT_PARAMS = {
  token: 'public id of a token',
  incident: 'id of an incident, inc_…',
  days: 'how many days: ahead for a forecast, back for age and idleness',
} as const

export interface ReportParams {
  readonly token: string
  readonly incident: string
  readonly days: number
}

export const DAYS_MAX = 400

/** The parameters of a report with its defaults; refuses what it does not take and what it needs and was not given. */
export function paramsOf(
  name: string,
  { params, needs = [] }: { readonly params: Partial<ReportParams>; readonly needs?: readonly (keyof ReportParams)[] },
  given: Partial<ReportParams>,
): ReportParams {
  const takes = new Set<string>([...Object.keys(params), ...needs])
  for (const [input, value] of Object.entries(given)) {
    if (value === undefined || takes.has(input)) continue
    throw refused(input, `left out: the report ${name} takes ${takes.size === 0 ? 'none' : [...takes].join(', ')}`)
  }
  for (const input of needs) {
    if (given[input] === undefined) throw refused(input, `given: ${REPORT_PARAMS[input]}`)
  }
  return { token: '', incident: '', days: 0, ...params, ...given }
}

function refused(input: string, expected: string): TrailError {
  return new TrailError('parameter_invalid', `The parameter ${input} must be ${expected}.`, { input: `/${input}` })
}
