import { PageHead } from './page-head.tsx'

export function EventsPage() {
  return <PageHead title="EventsPage" hasTime />
}
