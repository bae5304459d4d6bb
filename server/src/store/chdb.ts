import type { ChdbResult, Session } from 'chdb'

/** What a statement gave: bytes in the wanted format. Its counts are those of the result, not of what was read. */
export type EngineResult = Pick<ChdbResult, 'bytes'>

/** ClickHouse inside this process. Only the store's own child process may open it, once. */
export interface Engine {
  /** Runs statements one after the other in a session of their own, so that settings and parameters cannot leak; gives the last result. */
  run(statements: readonly string[], format: string): Promise<EngineResult>
  /** Asks the engine to stop the queries whose `log_comment` is `tag`; does not wait for it. */
  kill(tag: string): Promise<void>
  close(): void
}

/** `engine_missing` unless the optional package is installed for this platform; the engine's own error when the folder cannot be opened. */
export async function openEngine({
  folder,
  configFile,
}: {
  readonly folder: string
  readonly configFile: string
}): Promise<Engine> {
  const { Session } = await import('chdb')
  const open = (): Session => new Session(folder, { connectionArgs: [`--config-file=${configFile}`] })
  // The first session keeps the engine alive between requests.
  const keeper = open()

  async function run(statements: readonly string[], format: string): Promise<EngineResult> {
    const session = open()
    try {
      for (const statement of statements.slice(0, -1)) await session.queryAsync(statement, { format })
      return await session.queryAsync(statements.at(-1) ?? '', { format })
    } finally {
      session.close()
    }
  }

  return {
    run,
    kill: async (tag) => {
      await run([`SET param_tag = '${tag}'`, "KILL QUERY WHERE Settings['log_comment'] = {tag:String} ASYNC"], 'Null')
    },
    close: () => keeper.close(),
  }
}
