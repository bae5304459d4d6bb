import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FLAGS, reasonName, typeName, type TypeName } from 'tokentrail'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cloudtrail } from '../../src/connect/cloudtrail.ts'
import { credentialError } from '../../src/connect/cloudtrail-errors.ts'
import { pathsOf } from '../../src/connect/format.ts'
import { readRecords } from '../../src/connect/read-files.ts'
import { openHouse, SYSTEM, type House } from './house.ts'
import type { LineResult } from '../../src/connect/ingest.ts'
import type { EventRow } from '../../src/event/row.ts'
import type { IngestEvent } from 'tokentrail'

const FOLDER = fileURLToPath(new URL('../../../../shared/data/cloudtrail/invictus/CloudTrail', import.meta.url))

type Raw = { eventID: string; eventName: string; errorCode?: string; userIdentity?: { accessKeyId?: string } }

/** The records as they stand in the files, read without any of our code. */
function recordsOfFiles(): Raw[] {
  return readdirSync(FOLDER).flatMap(
    (file) => (JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as { Records: Raw[] }).Records,
  )
}

const DENIED = new Set(['AccessDenied', 'Client.UnauthorizedOperation'])

describe.runIf(existsSync(FOLDER))('the 2,900 records of a real attack simulation', () => {
  let house: House
  let raw: Raw[]
  let events: IngestEvent[]
  let rows: readonly EventRow[]
  let results: readonly LineResult[]

  beforeAll(async () => {
    house = await openHouse()
    raw = recordsOfFiles()
    events = []
    for (const file of readdirSync(FOLDER))
      for await (const scanned of readRecords(`${FOLDER}/${file}`)) {
        const mapped = cloudtrail.map('value' in scanned ? scanned.value : undefined)
        if ('events' in mapped) events.push(...mapped.events)
      }
    results = await house.ingest.take(house.tenant.no, events, { actor: SYSTEM })
    rows = (await house.rows(house.tenant.no)).filter(({ flags }) => (flags & FLAGS.observed) !== 0)
  })
  afterAll(() => house.close())

  test('every record is stored once', () => {
    expect(raw).toHaveLength(2900)
    expect(results.filter(({ result }) => result !== 'stored')).toEqual([])
    const ofRecords = events.filter(({ id }) => !id?.endsWith('#key')).map(({ id }) => id)
    expect(ofRecords).toHaveLength(2900)
    expect(new Set(ofRecords)).toEqual(new Set(raw.map(({ eventID }) => `cloudtrail:${eventID}`)))
    expect(rows).toHaveLength(events.length)
  })

  test('the outcomes are those of the files', () => {
    const withKey = raw.filter(({ userIdentity }) => userIdentity?.accessKeyId)
    const denied = withKey.filter(({ errorCode }) => DENIED.has(errorCode ?? '')).length
    const throttled = withKey.filter(({ errorCode }) => errorCode === 'ThrottlingException').length
    expect({ denied, throttled }).toEqual({ denied: 60, throttled: 102 })
    const validated = rows.filter(isType('token.validated'))
    const counts = countBy(validated, ({ reason }) => reasonName(reason) ?? '')
    expect(counts).toEqual({ valid: withKey.length - denied - throttled, scope_missing: denied, limit_tenant: throttled })
  })

  test('every key has the outcomes of its own records', async () => {
    const expected = countBy(
      raw.filter(({ userIdentity }) => userIdentity?.accessKeyId),
      (record) => keyAndOutcome(record.userIdentity?.accessKeyId ?? '', outcomeOf(record)),
    )
    const validated = rows.filter(isType('token.validated'))
    const tokens = await house.records.read.tokensByNo([...new Set(validated.map(({ tokenNo }) => tokenNo))])
    const ids = new Map(tokens.map(({ no, id }) => [no, id]))
    expect(countBy(validated, (row) => keyAndOutcome(ids.get(row.tokenNo) ?? '', reasonName(row.reason) ?? ''))).toEqual(expected)
  })

  test('records without a key are stored as facts and count as no validation', () => {
    const withoutKey = raw.filter(({ userIdentity }) => !userIdentity?.accessKeyId).length
    const others = rows.filter(isType('other'))
    expect(others).toHaveLength(withoutKey)
    expect(
      others.every(({ tokenNo, outcome, detail }) => tokenNo === 0 && outcome === 0 && detail.includes('cloudtrail.call')),
    ).toBe(true)
  })

  test('keys that calls made and removed have their lives', async () => {
    const made = raw.filter(({ eventName }) => eventName === 'CreateAccessKey').length
    const removed = raw.filter(({ eventName }) => eventName === 'DeleteAccessKey').length
    expect(
      countBy(
        rows.filter(({ type }) => typeName(type) !== 'token.validated' && type !== 0),
        ({ type }) => typeName(type),
      ),
    ).toEqual({ 'token.issued': made, 'token.revoked': removed })
    const key = await house.records.read.token(house.tenant.no, 'AKIATFQR7NSC3ZO6PKAZ')
    expect(key).toMatchObject({
      observed: true,
      issuedAtKnown: true,
      ending: 'revoked',
      issuedAt: Date.UTC(2023, 6, 10, 12, 24, 29),
      endedAt: Date.UTC(2023, 6, 10, 12, 28, 24),
    })
    expect(key?.ownerId).toBe('arn:aws:iam::123837392027:user/stratus-red-team-backdoor-u-user')
  })

  test('a second import adds nothing', async () => {
    const again = await house.ingest.take(house.tenant.no, events, { actor: SYSTEM })
    expect(new Set(again.map(({ result }) => result))).toEqual(new Set(['repeated']))
    expect((await house.rows(house.tenant.no)).filter(({ flags }) => (flags & FLAGS.observed) !== 0)).toHaveLength(events.length)
  })

  test('no clear address, session token or user agent reaches a row', () => {
    const text = JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    expect(text).not.toMatch(/192\.168\.10\.20|IQoJb3JpZ2lu|Terraform\/1\.1/)
    expect(rows.some(({ network }) => network !== 0n)).toBe(true)
  })

  test('old events keep a retention that still holds them, and both times', () => {
    expect(new Set(rows.map(({ retention }) => retention))).toEqual(new Set([4]))
    expect(rows.every(({ occurredAt, delayMs }) => occurredAt + delayMs === house.clock.at)).toBe(true)
  })

  test('every field of every record is mapped or named as unmapped', () => {
    const mapped = new Set<string>()
    for (const record of raw)
      for (const path of pathsOf(record, cloudtrail.containers)) if (cloudtrail.fields.has(path)) mapped.add(path)
    expect([...cloudtrail.fields].filter((path) => !mapped.has(path))).toEqual(['requestParameters.status'])
  })
})

describe('what an error code says of a credential', () => {
  test.each([
    ['AccessDenied', 'scope_missing', true],
    ['AccessDeniedException', 'scope_missing', true],
    ['Client.UnauthorizedOperation', 'scope_missing', true],
    ['InvalidClientTokenId', 'unknown', false],
    ['SignatureDoesNotMatch', 'wrong_secret', false],
    ['ExpiredToken', 'expired', true],
    ['ExpiredTokenException', 'expired', true],
    ['ThrottlingException', 'limit_tenant', true],
    ['Client.RequestLimitExceeded', 'limit_tenant', true],
  ])('%s is %s', (code, reason, proven) => {
    expect(credentialError(code)).toEqual({ reason, proven })
  })

  test.each(['NoSuchBucketPolicy', 'Client.InvalidVpcID.NotFound', 'toString', 'constructor', ''])(
    '%s is an error of the application',
    (code) => {
      expect(credentialError(code)).toBeUndefined()
    },
  )
})

describe('one record', () => {
  const base = {
    eventID: 'e1',
    eventTime: '2026-11-25T08:00:00Z',
    eventSource: 'iam.amazonaws.com',
    eventName: 'ListUsers',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::1:user/ann', accessKeyId: 'AKIAEXAMPLE' },
  }

  test('a key that was not proven is claimed and never attributed', () => {
    const mapped = cloudtrail.map({ ...base, errorCode: 'SignatureDoesNotMatch' })
    expect(mapped).toMatchObject({ events: [{ claimed: 'AKIAEXAMPLE', outcome: 'rejected', reason: 'wrong_secret' }] })
    expect('events' in mapped && mapped.events[0].token).toBeUndefined()
  })

  test('an error of the application leaves the credential accepted and is kept', () => {
    expect(cloudtrail.map({ ...base, errorCode: 'NoSuchEntityException' })).toMatchObject({
      events: [{ token: 'AKIAEXAMPLE', outcome: 'accepted', detail: { errorCode: 'NoSuchEntityException' } }],
    })
  })

  test.each([
    ['Inactive', 'token.suspended'],
    ['Active', 'token.resumed'],
  ])('a key that is set to %s is %s', (status, type) => {
    const mapped = cloudtrail.map({
      ...base,
      eventName: 'UpdateAccessKey',
      requestParameters: { accessKeyId: 'AKIAOTHER', userName: 'bob', status },
    })
    expect(mapped).toMatchObject({
      events: [
        { token: 'AKIAEXAMPLE' },
        { type, token: 'AKIAOTHER', owner: 'arn:aws:iam::1:user/bob', actor: 'arn:aws:iam::1:user/ann' },
      ],
    })
  })

  test('a life that was refused did not happen', () => {
    const mapped = cloudtrail.map({
      ...base,
      eventName: 'DeleteAccessKey',
      errorCode: 'AccessDenied',
      requestParameters: { accessKeyId: 'AKIAOTHER' },
    })
    expect('events' in mapped && mapped.events).toHaveLength(1)
  })

  test.each([undefined, null, 7, 'x', [], {}, { ...base, eventID: undefined }, { ...base, eventTime: 5 }])(
    '%j is refused and says what is missing',
    (record) => {
      expect(cloudtrail.map(record)).toMatchObject({ refused: expect.stringContaining('Expected') as string })
    },
  )
})

function isType(name: TypeName): (row: EventRow) => boolean {
  return ({ type }) => typeName(type) === name
}

function outcomeOf({ errorCode = '' }: Raw): string {
  return DENIED.has(errorCode) ? 'scope_missing' : errorCode === 'ThrottlingException' ? 'limit_tenant' : 'valid'
}

function keyAndOutcome(key: string, outcome: string): string {
  return `${key} ${outcome}`
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const item of items) counts[nameOf(item)] = (counts[nameOf(item)] ?? 0) + 1
  return counts
}
