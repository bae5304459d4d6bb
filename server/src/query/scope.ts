/**
 * The tenant's scope, added here and nowhere else: a question reads `FROM ${OF.events} AND …` and cannot name a table
 * without it. `tenant` and `hidden` are set by the reader, after every parameter of a question.
 */
export const OF = {
  events: of('events'),
  events_minute: of('events_minute'),
  events_hour: of('events_hour'),
  events_day: of('events_day'),
  unique_hour: of('unique_hour'),
  unique_day: of('unique_day'),
  token_day: of('token_day'),
  network_day: of('network_day'),
  latency_minute: of('latency_minute'),
  latency_hour: of('latency_hour'),
  scope_day: of('scope_day'),
  token_life: of('token_life'),
  capture_minute: of('capture_minute'),
} as const

function of(table: string): string {
  return `${table} WHERE tenant = {tenant:UInt32}`
}

/** Canaries and simulated events are left out of every metric; in a simulated tenant only canaries are. */
export const IS_METERED = 'bitAnd(special, {hidden:UInt8}) = 0'
/** The same on raw events, whose two lowest flags are `special`. */
export const IS_METERED_RAW = 'bitAnd(flags, {hidden:UInt8}) = 0'
