/** Everything that the page of reports says. */
export const reportsStrings = {
  title: 'Reports',
  list: 'Answers to hand on',
  hint: 'with what your role sees',
  none: 'There are no reports.',
  columns: { report: 'Report', answers: 'It answers', reader: 'For' },
  readers: { developer: 'developers', security: 'security', everyone: 'everyone' } as Readonly<Record<string, string>>,
  get: 'Get the file',
  text: 'It asks the questions of these pages as you: what your role does not see is withheld, and the report says so. Each one is recorded.',
  form: 'Form',
  window: 'Window',
  params: {
    token: 'Public id of a token',
    incident: 'Id of an incident',
    days: 'Days: ahead for a forecast, back for age and idleness',
  } as Readonly<Record<string, string>>,
  own: (days: number | 'month') => (days === 'month' ? 'the last whole month' : `the last ${days} days`),
  page: 'the window of this page',
  done: (name: string, size: string) => `${name} was made, ${size}B. The browser saves it.`,
}
