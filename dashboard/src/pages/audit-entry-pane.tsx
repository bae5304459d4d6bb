import { Dialog, Heading } from 'react-aria-components/Dialog'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import type { LogEntry } from '../api/audit.ts'
import { t } from '../format/strings.ts'
import { Button } from '../parts/button.tsx'
import { CopyBlock } from '../parts/copy.tsx'
import dialogStyles from '../parts/dialog.module.css'
import { Icon } from '../parts/icon.tsx'
import auditStyles from './audit.module.css'
import styles from './event-pane.module.css'

/** One entry: what it shows, what it hides behind commitments, its exact bytes, and where its proof is. */
export function AuditEntryPane({ entry, onClose }: { readonly entry: LogEntry | undefined; readonly onClose: () => void }) {
  return (
    <ModalOverlay
      className={dialogStyles['drawerOverlay']}
      isOpen={entry !== undefined}
      isDismissable
      onOpenChange={(isOpen) => !isOpen && onClose()}
    >
      <Modal className={dialogStyles['drawer']}>
        <Dialog className={styles['pane']} aria-label={t.audit.pane}>
          <div className={styles['head']}>
            <Heading slot="title">{t.audit.pane}</Heading>
            <span className={styles['space']} />
            <Button look="icon" aria-label={t.audit.close} onPress={onClose}>
              <Icon name="close" />
            </Button>
          </div>
          {entry && <Details entry={entry} />}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

function Details({ entry: { entry, raw, shard, index } }: { readonly entry: LogEntry }) {
  const { shown, hidden, event, ...rest } = entry
  const id = typeof event === 'string' ? event : undefined
  return (
    <>
      <p className={styles['verdict']}>{String(entry['type'])}</p>
      <Facts of={{ ...rest, ...(id ? { event: id } : {}), leaf: `${shard} · ${index}` }} />
      {isFilled(shown) && (
        <>
          <h3>{t.audit.columns.shown}</h3>
          <Facts of={shown} />
        </>
      )}
      {isFilled(hidden) && (
        <>
          <h3>{t.audit.hidden}</h3>
          <p className={auditStyles['quiet']}>{t.audit.hiddenHint}</p>
          <Facts of={hidden} />
        </>
      )}
      {id?.startsWith('evt_') && (
        <p>
          <a href={`/v1/events/${encodeURIComponent(id)}/proof`} download>
            {t.audit.proof}
          </a>{' '}
          <span className={auditStyles['quiet']}>{t.audit.proofHint}</span>
        </p>
      )}
      <h3>{t.audit.raw}</h3>
      <CopyBlock text={raw} label={t.audit.raw} />
    </>
  )
}

function Facts({ of }: { readonly of: Readonly<Record<string, unknown>> }) {
  return (
    <dl className={styles['facts']}>
      {Object.entries(of).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
          </dd>
        </div>
      ))}
    </dl>
  )
}

function isFilled(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}
