import { post } from './deliver.ts'
import { TokentrailError } from './errors.ts'
import type { Connection } from './deliver.ts'
import type { ReasonClass, RejectionClass, TokenKind } from './event.ts'

/** What to ask at the door; everything but the token is optional. */
export interface Validation {
  readonly token: string
  readonly kind?: TokenKind
  readonly action?: string
  readonly resource?: string
  readonly scopes?: readonly string[]
  readonly ip?: string
  readonly origin?: string
  readonly userAgent?: string
  readonly service?: string
  readonly environment?: string
  readonly method?: string
  readonly route?: string
  readonly requestId?: string
  /** Judge without consuming. */
  readonly check?: boolean
}

/** Who a token belongs to, once it proved its identity. */
export interface ValidatedToken {
  readonly id: string
  readonly kind: TokenKind
  readonly owner: string
  readonly scopes: readonly string[]
  readonly expiresAt: string | null
}

/** The answer. A rejection is an answer, not an error; `unavailable` means that nobody could say. */
export interface Validated {
  readonly verdict: 'accepted' | 'rejected'
  /** `accepted`, or the class of the rejection; roles that may see more get the exact reason. */
  readonly reason: string
  readonly answer: ReasonClass
  readonly token?: ValidatedToken
  readonly retryAfterMs?: number
}

const UNAVAILABLE: Validated = { verdict: 'rejected', reason: 'unavailable', answer: 'unavailable' }

/** Asks the server. Never rejects: where it cannot be reached the answer is `unavailable`, and the caller decides what that means. */
export async function validate(
  connection: Connection,
  request: Validation,
  onFailure: (error: TokentrailError) => void,
): Promise<Validated> {
  try {
    const answer = await post(connection, '/v1/validate', request)
    return parse(await answer.json())
  } catch (error) {
    const failure =
      error instanceof TokentrailError
        ? error
        : new TokentrailError('unreachable', 'The answer of the Tokentrail server was cut off.', { cause: error })
    onFailure(failure)
    return UNAVAILABLE
  }
}

const ANSWERS: readonly ReasonClass[] = ['accepted', 'invalid', 'forbidden', 'throttled', 'unavailable']

function parse(body: unknown): Validated {
  const given = (body ?? {}) as {
    verdict?: unknown
    reason?: unknown
    answer?: unknown
    token?: ValidatedToken
    retryAfterMs?: unknown
  }
  if (given.verdict !== 'accepted' && given.verdict !== 'rejected') {
    throw new TokentrailError(
      'refused',
      'The answer of the server has no verdict; is the option url that of a Tokentrail server?',
    )
  }
  const answer = ANSWERS.find((each) => each === given.answer) ?? (given.verdict === 'accepted' ? 'accepted' : 'invalid')
  return {
    verdict: given.verdict,
    answer,
    reason: typeof given.reason === 'string' ? given.reason : answer,
    ...(given.token ? { token: given.token } : {}),
    ...(typeof given.retryAfterMs === 'number' ? { retryAfterMs: given.retryAfterMs } : {}),
  }
}

/** HTTP status that tells the caller no more than it may know (RFC 6750 §3.1, RFC 6585 §4). */
export const STATUS_OF = { invalid: 401, forbidden: 403, throttled: 429, unavailable: 503 } as const satisfies Record<
  RejectionClass,
  number
>
