import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressBytes, networkBytes } from '../../src/privacy/address.ts'
import { createBoundedCache } from '../../src/privacy/bounded-cache.ts'
import { clientFamily } from '../../src/privacy/client-family.ts'
import { DOMAINS } from '../../src/privacy/domains.ts'
import { createKeyEncryption } from '../../src/privacy/wrap.ts'

const NOON = Date.UTC(2026, 10, 25, 12)
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36'
const kek = new Uint8Array(32).fill(9)

test('wrapped keys open for their purpose only, and not with any byte changed', () => {
  const key = new Uint8Array(32).fill(3)
  const { wrap, unwrap } = createKeyEncryption(() => [kek])
  const wrapped = wrap(key, 'network|1|2')
  expect(Buffer.from(unwrap(wrapped, 'network|1|2'))).toEqual(Buffer.from(key))
  expect(() => unwrap(wrapped, 'network|2|2')).toThrow(/authenticate|wrapped key/)
  for (const at of wrapped.keys()) {
    const changed = Uint8Array.from(wrapped, (byte, index) => (index === at ? byte ^ 1 : byte))
    expect(() => unwrap(changed, 'network|1|2')).toThrow(/authenticate|wrapped key/)
  }
})

describe('epochs', () => {
  test.each([
    ['address_day', Date.UTC(2020, 0, 1), 0, Date.UTC(2020, 0, 2)],
    ['address_day', NOON, 2520, Date.UTC(2026, 10, 26)],
    ['address_month', NOON, 82, Date.UTC(2026, 11, 1)],
    ['network', NOON, 27, Date.UTC(2027, 0, 1)],
    ['fingerprint', Date.UTC(2027, 1, 28, 23, 59), 85, Date.UTC(2027, 2, 1)],
    ['network', Date.UTC(2019, 5, 1), 0, Date.UTC(2020, 3, 1)],
  ] as const)('%s at %i', (domain, at, epoch, end) => {
    expect(DOMAINS[domain].epochOf(at)).toBe(epoch)
    expect(DOMAINS[domain].endOf(epoch)).toBe(end)
  })
})

describe('client families', () => {
  test.each([
    ['', ''],
    [CHROME, 'Chrome'],
    ['curl/8.5.0', 'curl'],
    ['python-requests/2.31.0', 'Requests'],
    ['[Boto3/1.26 Python/3.9]', 'Boto'],
    ['aws-cli/2.9.0 Python/3.9', 'AWS CLI'],
    ['AWS Internal', 'other'],
    ['ec2.amazonaws.com', 'AWS service'],
    ['console.amazonaws.com', 'AWS Console'],
    ['Go-http-client/2.0', 'Go'],
    ['my-own-thing/1.0 (secret-token)', 'other'],
    ['constructor', 'other'],
    ['__proto__/1', 'other'],
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Googlebot'],
  ])('%j is %j', (agent, family) => {
    expect(clientFamily(agent)).toBe(family)
  })

  test('are a closed set, whatever agents call themselves', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 700 }), (agent) => {
        expect(clientFamily(`~${agent}`)).toBe('other')
      }),
    )
  })
})

test('addresses become bytes, networks their first ones', () => {
  expect(addressBytes('1.2.3.4')).toEqual(Uint8Array.of(1, 2, 3, 4))
  expect(networkBytes(addressBytes('1.2.3.4')!)).toEqual(Uint8Array.of(1, 2, 3))
  expect(networkBytes(addressBytes('2001:db8:7::1')!)).toEqual(Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 7))
  expect(addressBytes('::ffff:1.2.3.4')).toEqual(Uint8Array.of(1, 2, 3, 4))
})

test('a bounded cache never holds more than its bound, and keeps what is used', () => {
  const cache = createBoundedCache<number>(100)
  for (let i = 0; i < 10_000; i++) {
    cache.set(i % 7, `k${i}`, i)
    cache.set(0, 'kept', -1)
    expect(cache.get(0, 'kept')).toBe(-1)
    expect(cache.size()).toBeLessThanOrEqual(101)
  }
  expect(cache.get(9999 % 7, 'k9999')).toBe(9999)
  expect(cache.get(1, 'kept')).toBeUndefined()
  cache.clear()
  expect(cache.size()).toBe(0)
})
