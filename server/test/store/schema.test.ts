import { expect, test } from 'vitest'
import { createStatements } from '../../src/store/ddl.ts'
import { migrateStore } from '../../src/store/migrate.ts'
import { EVENTS, TABLES } from '../../src/store/schema.ts'
import { insert, numberOf, openMigrated, rowsOf, sharedStore, validation } from './support.ts'

const shared = sharedStore()

test('one source gives the form for one server and the form for a cluster', () => {
  const single = createStatements({})
  const cluster = createStatements({ cluster: 'main' })
  const views = TABLES.filter((table) => table.select).length
  expect(single).toHaveLength(TABLES.length + views)
  expect(cluster).toHaveLength(2 * TABLES.length + views)
  expect(single.join('\n')).not.toMatch(/ON CLUSTER|Replicated|Distributed|_local/)
  expect(cluster.filter((sql) => !sql.includes('ON CLUSTER `main`'))).toEqual([])
})

test.each(TABLES.map((table) => [table.name, table] as const))(
  '%s is replicated on a cluster, with a face of its name sharded by tenant',
  (name, table) => {
    const text = createStatements({ cluster: 'main' })
    const local = text.find((sql) => sql.startsWith(`CREATE TABLE IF NOT EXISTS ${name}_local ON CLUSTER \`main\` (`)) ?? ''
    expect(local).toContain(`ENGINE = Replicated${table.engine}('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')`)
    expect(local).toContain(' replicated_deduplication_window = 10000')
    const face = text.find((sql) => sql.startsWith(`CREATE TABLE IF NOT EXISTS ${name} ON CLUSTER`)) ?? ''
    expect(face).toContain(`ENGINE = Distributed('main', currentDatabase(), '${name}_local', intHash64(tenant))`)
    const view = text.find((sql) => sql.includes(`${name}_local_view`))
    expect(view?.includes('FROM events_local AS events')).toBe(table.select === undefined ? undefined : true)
  },
)

test('migrating twice, and at once, changes nothing', async () => {
  const store = shared()
  const tables = await rowsOf(
    store,
    'SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name',
  )
  await Promise.all([migrateStore(store), migrateStore(store)])
  expect(
    await rowsOf(store, 'SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name'),
  ).toEqual(tables)
  expect((await rowsOf(store, 'SELECT no FROM schema_version ORDER BY no')).length).toBeGreaterThan(1)
  expect(await rowsOf(store, 'SELECT no FROM schema_version GROUP BY no HAVING count() > 1')).toEqual([])
})

test('data of a newer version is refused', async () => {
  const store = await openMigrated()
  await store.command("INSERT INTO schema_version (no, name) VALUES (99, 'from the future')")
  await expect(migrateStore(store)).rejects.toMatchObject({ code: 'data_newer' })
})

test('every column is explained, and the settings that keep data are on', async () => {
  const store = shared()
  const bare = await rowsOf(
    store,
    `SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = '' AND table NOT LIKE '%_view'`,
  )
  expect(bare).toEqual([])
  const settings = await rowsOf<{ name: string; value: string }>(
    store,
    `SELECT name, value FROM system.merge_tree_settings
     WHERE name IN ('fsync_after_insert', 'fsync_part_directory', 'min_rows_to_fsync_after_merge', 'old_parts_lifetime') ORDER BY name`,
  )
  expect(Object.fromEntries(settings.map(({ name, value }) => [name, value]))).toEqual({
    fsync_after_insert: '1',
    fsync_part_directory: '1',
    min_rows_to_fsync_after_merge: '1',
    old_parts_lifetime: '480',
  })
  for (const { name } of TABLES) {
    const [table] = await rowsOf<{ sql: string }>(
      store,
      'SELECT create_table_query AS sql FROM system.tables WHERE name = {name:String} AND database = currentDatabase()',
      { name },
    )
    expect(table?.sql).toContain('non_replicated_deduplication_window = 10000')
  }
})

test('the reference names what the store holds', async () => {
  const store = shared()
  const columns = await rowsOf<{ table: string; name: string }>(
    store,
    `SELECT table, name FROM system.columns WHERE database = currentDatabase() AND default_kind = '' AND table NOT LIKE '%_view' ORDER BY table, position`,
  )
  for (const table of TABLES) {
    expect(columns.filter((column) => column.table === table.name).map(({ name }) => name)).toEqual(
      table.columns.map(({ name }) => name),
    )
  }
  expect(EVENTS.columns).toHaveLength(53)
})

test('an insert repeated under its token counts once, in events and in every roll-up', async () => {
  const store = shared()
  const rows = Array.from({ length: 500 }, (_, seq) => validation(seq, { scope: 'read' }))
  for (let i = 0; i < 3; i++) await insert(store, rows, 'one')
  await insert(store, rows, 'another')
  expect(await numberOf(store, 'SELECT count() AS n FROM events')).toBe(1000)
  for (const step of ['minute', 'hour', 'day'])
    expect(await numberOf(store, `SELECT sum(count) AS n FROM events_${step}`)).toBe(1000)
  for (const table of ['token_day', 'network_day', 'scope_day'])
    expect(await numberOf(store, `SELECT sum(attempts) AS n FROM ${table}`)).toBe(1000)
  for (const table of ['latency_minute', 'latency_hour'])
    expect(await numberOf(store, `SELECT sum(samples) AS n FROM ${table}`)).toBe(1000)
  expect(await numberOf(store, 'SELECT sum(count) AS n FROM route_hour')).toBe(1000)
  expect(await numberOf(store, 'SELECT sum(stored) AS n FROM capture_minute')).toBe(1000)
})
