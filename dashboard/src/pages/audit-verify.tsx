import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { LogEntry } from '../api/audit.ts'
import type { LogCheck } from '../api/log-check.ts'
import { count } from '../format/number.ts'
import { t } from '../format/strings.ts'
import { Box } from '../parts/box.tsx'
import { Button } from '../parts/button.tsx'
import { Failed } from '../parts/states.tsx'
import { useTimeFormat } from '../parts/time-format.tsx'
import styles from './audit.module.css'

/** Lets the reader's own browser check the log; the code for it is loaded when it is asked for. */
export function AuditVerify({ vkey, entries }: { readonly vkey: string; readonly entries: readonly LogEntry[] }) {
  const check = useMutation({
    mutationFn: async () => (await import('../api/log-check.ts')).checkLog(vkey, entries),
  })
  return (
    <Box
      title={t.audit.checked}
      actions={
        <Button look="primary" onPress={() => check.mutate()} isDisabled={check.isPending}>
          {check.isPending ? t.audit.verifying : t.audit.verify}
        </Button>
      }
    >
      <div aria-live="polite">
        {check.data ? <Found check={check.data} /> : !check.error && <p className={styles['quiet']}>{t.audit.verifyHint}</p>}
        {check.error &&
          (isSignatureWrong(check.error) ? <Line isGood={false}>{t.audit.signatureWrong}</Line> : <Failed error={check.error} />)}
      </div>
    </Box>
  )
}

function isSignatureWrong(error: Error): boolean {
  return 'code' in error && error.code === 'signature_bad'
}

function Found({ check: { keyId, before, entries } }: { readonly check: LogCheck }) {
  const time = useTimeFormat()
  const seen = before && ([count(before.size), time.stamp(before.at)] as const)
  return (
    <ul className={styles['checks']}>
      <Line isGood>{t.audit.signature(keyId)}</Line>
      {!before && <Line isGood>{t.audit.first}</Line>}
      {before && seen && <Line isGood={before.holds}>{before.holds ? t.audit.grew(...seen) : t.audit.forked(...seen)}</Line>}
      {entries === null && <Line isGood={null}>{t.audit.noTree}</Line>}
      {entries && entries.wrong.length > 0 && <Line isGood={false}>{t.audit.notInTree(entries.wrong.join(', '))}</Line>}
      {entries && entries.wrong.length === 0 && <Line isGood>{t.audit.inTree(count(entries.checked))}</Line>}
    </ul>
  )
}

/** One finding: a sign beside the words, so that colour is not needed. */
function Line({ isGood, children }: { readonly isGood: boolean | null; readonly children: ReactNode }) {
  const sign = isGood === null ? '–' : isGood ? '✓' : '✗'
  return (
    <li className={styles['check']} data-good={isGood ?? undefined}>
      <span aria-hidden="true">{sign}</span>
      <span>{children}</span>
    </li>
  )
}
