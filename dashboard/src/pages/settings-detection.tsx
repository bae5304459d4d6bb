import { useQuery } from '@tanstack/react-query'
import { changeDetection, readDetection, type CanaryTest } from '../api/detection.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { AskDialog } from '../parts/ask-dialog.tsx'
import { Box } from '../parts/box.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './settings.module.css'

const texts = t.settings.detection

/** By whose clock detection learns days and weeks, and whether a canary would alarm. */
export function SettingsDetection() {
  const time = useTimeFormat()
  const { data, error, refetch } = useQuery({ queryKey: ['detection'], queryFn: ({ signal }) => readDetection(signal) })
  return (
    <Box title={texts.facts} hint={texts.factsHint} actions={data && <ZoneDialog zone={data.timeZone} />}>
      {error && !data && <Failed error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loading height={40} />}
      {data && (
        <dl className={styles['facts']}>
          <div>
            <dt>{texts.zone}</dt>
            <dd>{data.timeZone}</dd>
          </div>
          {data.canaryTest !== undefined && (
            <div>
              <dt>{texts.canaryTest}</dt>
              <dd>{data.canaryTest ? testText(data.canaryTest, time.short(Date.parse(data.canaryTest.at))) : texts.noTest}</dd>
            </div>
          )}
        </dl>
      )}
    </Box>
  )
}

function testText({ state, tookMs, failure }: CanaryTest, when: string): string {
  if (state === 'running') return texts.testRuns(when)
  return state === 'passed' ? texts.testPassed(when, count(tookMs ?? 0)) : texts.testFailed(when, failure ?? '')
}

function ZoneDialog({ zone }: { readonly zone: string }) {
  return (
    <AskDialog
      title={texts.change}
      text={texts.changeText}
      fields={[{ name: 'timeZone', label: texts.zoneName, kind: 'line', value: zone }]}
      run={({ timeZone = '' }) => changeDetection({ timeZone })}
      said={(done) => texts.changed(done.timeZone)}
      refresh={['detection']}
    />
  )
}
