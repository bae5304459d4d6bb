import { Button as AriaButton } from 'react-aria-components/Button'
import { Dialog, DialogTrigger } from 'react-aria-components/Dialog'
import { Popover } from 'react-aria-components/Popover'
import { queryText, type QueryValue } from '../api/http.ts'
import { questionPath } from '../api/questions.ts'
import type { Answer } from '../api/types.ts'
import { count, percent } from '../format/number.ts'
import { t } from '../format/strings.ts'
import styles from './about.module.css'
import { CopyBlock } from './copy.tsx'
import { Icon } from './icon.tsx'
import { useTimeFormat } from './time-format.tsx'

/** The evidence behind a panel: its question, window, watermark, completeness, method and cost, and the same as a command. */
export function About<Row>({ title, answer }: { readonly title: string; readonly answer: Answer<Row> }) {
  return (
    <DialogTrigger>
      <AriaButton className={styles['button']} aria-label={t.about.open(title)}>
        <Icon name="info" />
      </AriaButton>
      <Popover className={styles['popover']} placement="bottom end">
        <Dialog className={styles['dialog']} aria-label={t.about.title}>
          <h3 className={styles['title']}>{t.about.title}</h3>
          <Facts answer={answer} />
          <h4 className={styles['title']}>{t.about.asCurl}</h4>
          <CopyBlock text={curlOf(answer)} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}

function Facts<Row>({ answer }: { readonly answer: Answer<Row> }) {
  const time = useTimeFormat()
  const { value, missing } = answer.completeness
  const facts: readonly (readonly [string, string])[] = [
    [t.about.question, answer.question],
    [
      t.about.window,
      answer.window ? `${time.stamp(answer.window.from)} – ${time.stamp(answer.window.to)} ${time.zoneName}` : '–',
    ],
    [t.about.watermark, `${time.stamp(answer.watermark)} ${time.zoneName}`],
    [t.about.completeness, value === null ? t.trust.nothing : `${percent(value)}, ${count(missing)} missing`],
    [t.about.late, count(answer.lateEvents)],
    [t.about.method, answer.method],
    [t.about.cost, t.about.costText(count(answer.cost.rowsRead), count(answer.cost.elapsedMs))],
  ]
  return (
    <dl className={styles['facts']}>
      {facts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  )
}

/** The command that asks the same question; the token stays a variable. */
function curlOf<Row>(answer: Answer<Row>): string {
  const query = queryText(answer.params as Readonly<Record<string, QueryValue>>)
  return `curl -H "Authorization: Bearer $TOKENTRAIL_TOKEN" '${location.origin}${questionPath(answer.question)}${query}'`
}
