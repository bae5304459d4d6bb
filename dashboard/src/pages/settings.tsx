import { Link, useSearch } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { t } from '../format/strings.ts'
import { PageHead } from './page-head.tsx'
import { SETTINGS_SECTIONS, type SettingsSearch, type SettingsSection } from './search.ts'
import { SettingsAccess } from './settings-access.tsx'
import { SettingsDetection } from './settings-detection.tsx'
import { SettingsPrivacy } from './settings-privacy.tsx'
import { SettingsRetention } from './settings-retention.tsx'
import styles from './settings.module.css'

const SECTIONS: Readonly<Record<SettingsSection, ComponentType>> = {
  access: SettingsAccess,
  privacy: SettingsPrivacy,
  retention: SettingsRetention,
  detection: SettingsDetection,
}

/** Who may do what, what is known of people, how long it is kept, and how detection is set. */
export function SettingsPage() {
  const { section }: SettingsSearch = useSearch({ strict: false })
  const current = SETTINGS_SECTIONS.find((each) => each === section) ?? 'access'
  const Section = SECTIONS[current]
  return (
    <>
      <PageHead title={t.settings.title} />
      <nav className={styles['sections']} aria-label={t.settings.sections}>
        {SETTINGS_SECTIONS.map((each) => (
          <Link
            key={each}
            to="/settings"
            search={(search) => ({ ...search, section: each })}
            className={styles['section']}
            aria-current={each === current ? 'page' : undefined}
          >
            {t.settings.section[each]}
          </Link>
        ))}
      </nav>
      <Section />
    </>
  )
}
