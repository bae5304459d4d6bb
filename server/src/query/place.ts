import { CLASS } from './classes.ts'
import { networkName } from './network.ts'
import type { PlaceRow } from './rows.ts'
import { RAW_ATTEMPTS } from './sources.ts'
import { USE_SUMS, type UseSums, useOf } from './use-of-token.ts'

export type PlaceSums = UseSums & { readonly net: string; readonly as_no: number; readonly land: string; readonly family: string }

/** A token's attempts by network, country and client; `narrowed` begins with AND. */
export function placesSql(narrowed: string): string {
  return `SELECT toString(network) AS net, asn AS as_no, toString(country) AS land, toString(client) AS family, ${USE_SUMS}
  FROM (SELECT network, asn, country, client, occurred_at, count, ${CLASS} AS class FROM ${RAW_ATTEMPTS} ${narrowed})
  WHERE class != '' GROUP BY network, asn, country, client ORDER BY attempts DESC, first, net, as_no, land, family LIMIT {limit:UInt16}`
}

/** One place as a row of an answer. */
export function placeOf(row: PlaceSums): PlaceRow {
  return { network: networkName(row.net), asn: row.as_no, country: row.land, client: row.family, ...useOf(row) }
}
