/** What a reader must know before believing a figure. */
export const NOTES = {
  no_detectors: 'No detectors are connected, so no attempt can be called suspicious: 0 is not a finding.',
  cited_lower_bound: 'Findings rest on more events than they name: suspicious attempts are a lower bound.',
  few_cases: 'Fewer than 20 cases: read the counts, not the percentages.',
  lifespan_few: 'The risk set falls under 20 tokens at an ending inside τ, so the lifespan cannot be said.',
  lifespan_shortened: 'Fewer than 20 tokens were observed up to the usual τ; τ is the largest age that 20 reach.',
  unknown_age: 'Tokens of unknown age are left out of the lifespan.',
  over_dispersed: 'Revocations come in bursts (variance ÷ mean of days over 2): the interval of their rate is too narrow.',
  late_data: 'Events arrived over 5 minutes after they occurred; a closed window may still grow.',
  incomplete: 'Completeness is below 99.99 %: events of the window were lost or are missing.',
  not_closed: 'Tokens at the end are not tokens at the start + issued + imported − ended: records and events differ.',
  use_unknown: 'There are too many tokens to look at the last use of each.',
  lower_bound: 'Attempts were coalesced: distinct counts are lower bounds.',
  window_ahead: 'The window reaches beyond the watermark; figures end there.',
} as const
export type NoteCode = keyof typeof NOTES

export interface Note {
  readonly code: NoteCode
  readonly text: string
}

/** Notes whose condition holds. */
export function notesFor(conditions: Readonly<Partial<Record<NoteCode, boolean>>>): readonly Note[] {
  return (Object.keys(NOTES) as NoteCode[])
    .filter((code) => conditions[code] === true)
    .map((code) => ({ code, text: NOTES[code] }))
}
