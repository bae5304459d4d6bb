import type { TypeName } from 'tokentrail'

/**
 * Logs of others, as their events are kept after import. What names a person or an address is not kept in clear, so rules cannot
 * speak of it; the reader of a rule is told so.
 */
export interface VendorLog {
  /** As Sigma's log sources name it. */
  readonly product: string
  readonly service: string
  /** Value of `service` in our events; a leading `*` stands for any beginning. */
  readonly label: string
  /** Types under which its events are kept; absent where all may be. */
  readonly types?: readonly TypeName[]
  /** The vendor's field names and ours. */
  readonly fields: Readonly<Record<string, string>>
  /** Fields that are kept in `detail` under their own full name. */
  readonly kept: readonly string[]
}

export const VENDOR_LOGS: readonly VendorLog[] = [
  {
    product: 'aws',
    service: 'cloudtrail',
    label: '*.amazonaws.com',
    types: ['token.validated', 'other'],
    fields: {
      eventName: 'route',
      eventSource: 'service',
      eventTime: 'at',
      recipientAccountId: 'environment',
      requestID: 'requestId',
      errorCode: 'detail.errorCode',
      'userIdentity.type': 'detail.identity',
      'userIdentity.invokedBy': 'detail.invokedBy',
    },
    kept: [],
  },
]
