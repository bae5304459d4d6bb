import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readAnchors } from '../../../src/audit/anchors/config.ts'
import { makeLogKey } from '../../../src/audit/keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'tokentrail-anchors-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'audit.json')
const vkey = makeLogKey(join(folder, 'w'), 'w.example/1', 'cosignature').vkey
const logKey = makeLogKey(join(folder, 'l'), 'log.example/1').vkey
const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(message) as string })

function read(config: unknown) {
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config))
  return readAnchors(file).anchors
}

describe('the configuration file of anchors', () => {
  test('names witnesses, folders, webhooks and mails', () => {
    const anchors = read({
      witnesses: [{ vkey, url: 'https://w.example/prefix/', everySeconds: 30 }],
      files: [{ name: 'disk', directory: '/mnt/copies' }],
      webhooks: [{ name: 'hook', url: 'https://hooks.example/x', secret: `whsec_${'A'.repeat(40)}` }],
      mails: [
        { name: 'board', smtp: 'smtps://mail.example', from: 'log@example.com', to: ['ada@example.com'], everyMinutes: 60 },
      ],
    })
    expect(anchors).toMatchObject([
      {
        kind: 'witness',
        name: 'w.example/1',
        submit: 'https://w.example/prefix',
        monitor: 'https://w.example/prefix',
        everyMs: 30_000,
      },
      { kind: 'file', name: 'disk', directory: '/mnt/copies', everyMs: 3_600_000 },
      { kind: 'webhook', name: 'hook', isPrivate: false, everyMs: 3_600_000 },
      { kind: 'mail', name: 'board', allowPlain: false, everyMs: 3_600_000 },
    ])
    expect(read({})).toEqual([])
    expect(readAnchors(file).witnessRequired).toBe(false)
    read({ witnesses: [{ vkey, url: 'https://w.example' }], witnessRequired: true })
    expect(readAnchors(file).witnessRequired).toBe(true)
  })

  test.each([
    ['a witness that is required and not named', { witnessRequired: true }, /\/witnessRequired needs a witness/],
    ['a member it does not know', { witness: [] }, /additional properties \(witness\)/],
    [
      'the key of a log as a witness',
      { witnesses: [{ vkey: logKey, url: 'https://w.example' }] },
      /\/witnesses\/0\/vkey is not the key of a witness/,
    ],
    ['a key that is none', { witnesses: [{ vkey: 'x', url: 'https://w.example' }] }, /\/witnesses\/0\/vkey is no verifier key/],
    ['an address of another kind', { witnesses: [{ vkey, url: 'file:///etc/passwd' }] }, /\/witnesses\/0\/url/],
    [
      'one name twice',
      {
        files: [
          { name: 'a', directory: '/a' },
          { name: 'a', directory: '/b' },
        ],
      },
      /two anchors are called a/,
    ],
    [
      'a webhook without https',
      { webhooks: [{ name: 'h', url: 'http://h.example', secret: 'x'.repeat(40) }] },
      /\/webhooks\/0\/url/,
    ],
    ['mail over http', { mails: [{ name: 'm', smtp: 'http://m.example', from: 'a@b', to: ['c@d'] }] }, /\/mails\/0\/smtp/],
    ['a name that is a path', { files: [{ name: '../x', directory: '/a' }] }, /\/files\/0\/name/],
    ['no JSON', '{"secret": "whsec_abc"', /not well-formed JSON/],
  ])('with %s is refused', (_what, config, message) => {
    expect(() => read(config)).toThrow(invalid(message))
  })

  test('that is missing is refused, and no error repeats a secret of it', () => {
    expect(() => readAnchors(join(folder, 'none.json'))).toThrow(invalid(/cannot be read/))
    for (const config of ['{"secret": "whsec_abc"', { webhooks: [{ name: 'h', url: 'x', secret: 'whsec_abc' }] }])
      expect(() => read(config)).not.toThrow(/whsec_abc/)
  })
})
