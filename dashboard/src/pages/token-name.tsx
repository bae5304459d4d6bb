import { Link } from '@tanstack/react-router'
import type { TokenRef } from '../api/types.ts'
import styles from './overview.module.css'

/** A token by its name, or its id where it has none, leading to its page. */
export function TokenName({ token }: { readonly token: TokenRef }) {
  return (
    <Link to="/tokens/$id" params={{ id: token.id }} className={styles['ellipsis']} title={`${token.id} · ${token.owner}`}>
      {token.name ?? <code>{token.id}</code>}
    </Link>
  )
}
