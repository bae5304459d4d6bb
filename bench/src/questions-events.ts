/** Some days of events of all tenants. */
export interface DaysOfEvents {
  readonly tenant: number
  readonly firstToken: number
  readonly tokens: number
  readonly from: number
  readonly days: number
  /** Nothing is later. */
  readonly to: number
  readonly count: number
  readonly seed: number
}

/** Thirty-two independent bits of a row, from 0 up to 1. */
const chance = (salt: number): string => `(cityHash64(number, SEED, ${salt}) % 4294967296) / 4294967296.`

/**
 * A statement that makes days inside the store. Four tenants share it 70 : 20 : 7 : 3; few tokens make most of the traffic; there is
 * more by day than by night; 93 % are accepted, 1 % belong to nobody known.
 */
export function eventsOfDays({ tenant, firstToken, tokens, from, days, to, count, seed }: DaysOfEvents): string {
  return `INSERT INTO events (tenant, retention, writer, seq, schema, type, outcome, reason, kind, population, flags, occurred_at, delay_ms, token_no,
    fingerprint, owner_no, service, method, route, scope, address_day, address_month, network, asn, country, client, client_hash, duration_us, cache, count)
  SELECT tenant_of, 3, 2, number + ${seed} * 100000000, 1, 201, if(verdict < 0.93, 1, 2), reason_of, 1, if(verdict >= 0.99, 2, 1), 0,
    fromUnixTimestamp64Milli(least(toInt64(${from} + 86400000 * (number % ${days} + day_part)), toInt64(${to}))), toUInt32(4 * u5), if(verdict >= 0.99, 0, ${firstToken} + token),
    if(verdict >= 0.99, reinterpretAsFixedString(cityHash64(number % 5000, 77)) || reinterpretAsFixedString(cityHash64(number % 5000, 78)), toFixedString('', 16)),
    if(verdict >= 0.99, 0, 1 + token % 300), ['api', 'billing', 'web', 'batch'][1 + token % 4], ['GET', 'POST'][1 + toUInt8(u5 > 0.7)],
    concat('/v1/thing-', toString(token % 12), '/part-', toString(floor(u6 * 4))), ['read', 'write', 'admin'][1 + toUInt8(u6 * 2.2)],
    cityHash64(token, toUInt8(u7 * 3), ${seed}), cityHash64(token, toUInt8(u7 * 3)), cityHash64(token % 700, toUInt8(u7 * 2)), 64500 + token % 40,
    ['CH', 'DE', 'US', 'JP'][1 + token % 4], ['curl', 'python', 'node', 'go'][1 + token % 4], token % 90, toUInt32(8 + 40 * u8 * u8 * u8 + if(u8 > 0.99, 2000, 0)),
    if(u8 > 0.97, 2, 1), 1
  FROM (SELECT number, ${chance(1)} AS u1, ${chance(2)} AS u2, ${chance(3)} AS u3, ${chance(4)} AS verdict, ${chance(5)} AS u5, ${chance(6)} AS u6,
      ${chance(7)} AS u7, ${chance(8)} AS u8, multiIf(u1 < 0.7, 0, u1 < 0.9, 1, u1 < 0.97, 2, 3) + ${tenant} AS tenant_of,
      toUInt32(${tokens} * pow(u2, 3)) AS token, u3 - sin(6.283185307 * u3) / 9 AS day_part,
      multiIf(verdict < 0.93, 1, verdict < 0.95, 23, verdict < 0.97, 18, verdict < 0.98, 46, verdict < 0.99, 60, 13) AS reason_of
    FROM numbers(${count}))`.replaceAll('SEED', String(seed))
}
