/** The embedded engine's settings, set on purpose: its own defaults sync nothing and delete merged parts at once. */
const MERGE_TREE = {
  fsync_after_insert: 1,
  fsync_part_directory: 1,
  min_rows_to_fsync_after_merge: 1,
  old_parts_lifetime: 480,
} as const

const MARK_CACHE_BYTES = 256 * 1024 * 1024

/** The configuration file of the embedded engine. Memory is the engine's own bound: a query beyond it fails, the process lives. */
export function engineConfig(memoryBytesMax: number): string {
  const settings = Object.entries(MERGE_TREE).map(([name, value]) => `    <${name}>${value}</${name}>`)
  return `<clickhouse>
  <max_server_memory_usage>${memoryBytesMax}</max_server_memory_usage>
  <mark_cache_size>${Math.min(MARK_CACHE_BYTES, Math.floor(memoryBytesMax / 8))}</mark_cache_size>
  <timezone>UTC</timezone>
  <merge_tree>
${settings.join('\n')}
  </merge_tree>
</clickhouse>
`
}
