import { TrailError } from '../errors.ts'
import type { Reader } from './reader.ts'
import type { Sight } from './scope.ts'

/** The parameters with the window cut to the reader's period; what asks for more than the reader may see is refused. */
export function narrowed<Params extends object>(params: Params, { period, reasons }: Sight): Params {
  const { by, reason, from, to } = params as { by?: string; reason?: string; from?: number; to?: number }
  if (!reasons && (by === 'reason' || reason !== undefined))
    throw new TrailError('not_permitted', 'Your role sees classes of reasons, not the exact ones. Ask by class.', {
      input: by === 'reason' ? 'by' : 'reason',
    })
  if (period === null || from === undefined || to === undefined) return params
  const cut = { from: Math.max(from, period.from), to: Math.min(to, period.to) }
  if (cut.from < cut.to) return { ...params, ...cut }
  throw new TrailError('time_invalid', 'The window lies outside the period that you may see.', { input: 'from' })
}

/** Who sees one owner's tokens asks about tokens, and about that owner's only. */
export async function keepToOwner(params: object, reader: Reader, { ownerNo }: Sight): Promise<void> {
  if (ownerNo === null) return
  const { token, tokens } = params as { token?: string; tokens?: readonly string[] }
  const ids = [...(token === undefined ? [] : [token]), ...(tokens ?? [])]
  if (ids.length === 0) throw new TrailError('parameter_invalid', 'Name one of your own tokens.', { input: 'token' })
  for (const id of ids) await reader.token(id)
}

/** A row that has a class, without the exact reason. */
export function withoutReason<Row>(row: Row): Row {
  if (typeof row !== 'object' || row === null || !('reason' in row)) return row
  const { reason: _reason, ...rest } = row
  return rest as Row
}
