/** Answers that may be long go through a file in the store process, so that they are never held in memory; asked for by this header. */
export const SPOOL_HEADER = 'x-tokentrail-spool'
