import { PageHead } from './page-head.tsx'

export function TokensPage() {
  return <PageHead title="TokensPage" hasTime />
}
