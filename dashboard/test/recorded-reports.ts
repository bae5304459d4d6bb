import type { ReportForm, ReportKind } from '../src/api/reports.ts'

/** Some reports of the catalogue, as the server gives it. */
export const reportCatalogue: {
  readonly items: readonly Omit<ReportKind, 'forms'>[]
  readonly formats: readonly ReportForm[]
} = {
  items: [
    {
      name: 'monthly-summary',
      reader: 'everyone',
      title: 'Monthly summary',
      answers: 'How was last month, in one page?',
      days: 'month',
      params: [],
    },
    {
      name: 'token-dossier',
      reader: 'security',
      title: 'Token dossier',
      answers: 'What did this token do, from where, and what stops with it?',
      days: 90,
      params: [{ name: 'token', what: 'public id of a token', needed: true }],
    },
    {
      name: 'hygiene',
      reader: 'security',
      title: 'Token hygiene',
      answers: 'Which tokens should not exist, and which may do more than they need?',
      days: 90,
      params: [
        { name: 'days', what: 'how many days: ahead for a forecast, back for age and idleness', needed: false, default: 90 },
      ],
    },
  ],
  formats: [
    { name: 'html', what: 'one file to read and print, without script' },
    { name: 'csv', what: 'all rows, for spreadsheets; no cell is a formula' },
  ],
}
