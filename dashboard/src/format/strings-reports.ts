/** Everything that the page of reports says. */
export const reportsStrings = {
  title: 'Reports',
  list: 'Answers to hand on',
  hint: 'with what your role sees',
  none: 'There are no reports.',
  columns: { answers: 'It answers', reader: 'For', get: 'Get' },
  readers: { developer: 'developers', security: 'security', everyone: 'everyone' } as Readonly<Record<string, string>>,
  get: (title: string) => `Get: ${title}`,
  text: 'It asks what this page would ask, as you: what your role does not see is withheld, and the report says so. Each one is recorded.',
  form: 'Form',
  window: 'Window',
  own: (days: number | 'month') => (days === 'month' ? 'the last whole month' : `the last ${days} days`),
  page: 'the window of this page',
  done: (name: string, size: string) => `${name} was made, ${size}B. The browser saves it.`,
}
