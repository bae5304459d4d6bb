import { PageHead } from './page-head.tsx'

export function TokenPage() {
  return <PageHead title="TokenPage" hasTime />
}
