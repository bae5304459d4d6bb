import { shareText, timeText } from 'tokentrail/verify'
import type { Head, Run } from './run.ts'

/** What is printed with every report, so that it can be believed and made again. */
export function headFacts({ head, parts }: Run): readonly (readonly [name: string, value: string])[] {
  const params = Object.entries(head.params).map(([name, value]) => `${name} = ${value}`)
  const asked = [...new Set(parts.flatMap(({ section }) => section.asks))]
  return [
    ['Report', `${head.report}, form ${head.version}`],
    ['Answers', head.answers],
    ['Tenant', head.tenant],
    ['From', timeText(head.window.from)],
    ['To', `${timeText(head.window.to)} (not included)`],
    ['Zone', head.zone],
    ['Filter', params.length === 0 ? 'none' : params.join(', ')],
    ['Counted up to', head.watermark === null ? 'no events are counted in it' : timeText(head.watermark)],
    ['Completeness', completenessText(head)],
    ['Redaction', head.redaction.length === 0 ? 'none' : head.redaction.join(' ')],
    ['Questions', asked.join(', ')],
    ['Exactness', head.methods.map(({ question, method }) => `${question}: ${method}`).join('; ')],
  ]
}

function completenessText({ completeness, lateEvents }: Head): string {
  const late = lateEvents === 0 ? '' : `, ${lateEvents} came late`
  if (completeness === null) return 'records only'
  const { value, missing } = completeness
  return value === null
    ? 'not said: nothing was received, or the role is not told'
    : `${shareText(value)} of what was received, ${missing} missing${late}`
}
