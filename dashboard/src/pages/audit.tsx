import { useState } from 'react'
import type { LogEntry } from '../api/audit.ts'
import { t } from '../format/strings.ts'
import { AuditEntries } from './audit-entries.tsx'
import { AuditPacks } from './audit-packs.tsx'
import { AuditReaders } from './audit-readers.tsx'
import { AuditState } from './audit-state.tsx'
import { AuditVerify } from './audit-verify.tsx'
import styles from './audit.module.css'
import { PageHead } from './page-head.tsx'
import { useAudit } from './use-audit.ts'

/** How far the trail can be believed, what stands in it, and who looked. */
export function AuditPage() {
  const audit = useAudit()
  const [shown, setShown] = useState<readonly LogEntry[]>([])
  return (
    <>
      <PageHead title={t.audit.title} hasTime />
      <AuditState query={audit} />
      {audit.data && <AuditVerify vkey={audit.data.vkey} entries={shown} />}
      <AuditPacks />
      <AuditEntries onShown={setShown} />
      <AuditReaders />
      <p className={styles['promise']}>{t.audit.promise}</p>
    </>
  )
}
