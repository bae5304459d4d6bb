/** What access needs to know of a request; http fills it in. */
export interface Caller {
  /** Address of the peer, or of the client where the peer is a trusted proxy. */
  readonly ip: string
  readonly userAgent: string | undefined
  readonly method: string
  /** Route template, never the path. */
  readonly route: string
  readonly requestId: string
}

/** Label of Tokentrail's own door in events, so that its tokens' use can be told from the tenant's own traffic. */
export const OWN_SERVICE = 'tokentrail'
