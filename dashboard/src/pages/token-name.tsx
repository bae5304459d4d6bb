import { Link } from '@tanstack/react-router'
import type { TokenRef } from '../api/types.ts'
import { t } from '../format/strings.ts'
import styles from './overview.module.css'

/** A token by its name, or its id where it has none, leading to its page. Of a purged one only the events are left. */
export function TokenName({ token }: { readonly token: TokenRef }) {
  if (token.state === 'purged') return t.state.purged
  return (
    <Link to="/tokens/$id" params={{ id: token.id }} className={styles['ellipsis']} title={`${token.id} · ${token.owner}`}>
      {token.name ?? <code>{token.id}</code>}
    </Link>
  )
}
