import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readStatement } from '../../src/store/statement.ts'

test.each([
  ['SELECT 1; DROP TABLE events'],
  ["SELECT 'a''b'; SELECT 2"],
  ["SELECT 'a\\'; SELECT 2' ; SELECT 3"],
  ['SELECT 1 -- comment;\n; SELECT 2'],
  ['SELECT 1 /* ; */ ; SELECT 2'],
  ["SELECT 1 INTO OUTFILE 'x'"],
  ["SELECT 1 INTO /* away */ OUTFILE 'x'"],
  ["INSERT INTO events FROM INFILE '/etc/passwd' FORMAT CSV"],
  ["SELECT 'open"],
  ['SELECT /* open'],
  ['SELECT $tag$; DROP TABLE events$tag$'],
])('%s is refused', (sql) => {
  expect(readStatement(sql)).toHaveProperty('refused')
})

test('a semicolon inside a string, a name or a comment is no second statement', () => {
  for (const sql of ["SELECT ';'", 'SELECT `;`', 'SELECT ";"', 'SELECT /* ; */ 1', "SELECT 'it''s; \\'; x'"]) {
    expect(readStatement(sql)).toEqual({ sql, insert: undefined })
  }
  expect(readStatement('SELECT 1 -- ;')).toEqual({ sql: 'SELECT 1', insert: undefined })
  expect(readStatement('SELECT 1 ; ')).toEqual({ sql: 'SELECT 1 ', insert: undefined })
})

test('an insert whose rows come in the body is told from one that selects', () => {
  expect(readStatement('INSERT INTO `events` (`a`, `b`) FORMAT RowBinary')).toMatchObject({
    insert: { into: 'INSERT INTO `events` (`a`, `b`)', format: 'RowBinary' },
  })
  expect(readStatement('INSERT INTO events SELECT 1 FORMAT Null')).toMatchObject({ insert: undefined })
  expect(readStatement('INSERT INTO events (no) VALUES (1)')).toMatchObject({ insert: undefined })
})

test('whatever stands in a quoted value, the statement stays one', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const sql = `SELECT '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}' AS x`
      expect(readStatement(sql)).toEqual({ sql, insert: undefined })
    }),
  )
})
