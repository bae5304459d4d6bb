import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** In a checkout we run the TypeScript sources, as a package the built files; threads and children must do the same. */
const extension = extname(fileURLToPath(import.meta.url))

/** Arguments for `new Worker` and `fork` so that workspace packages resolve to their sources in a checkout. */
export const nodeArguments: readonly string[] =
  extension === '.ts'
    ? ['--conditions=source', '--disable-warning=ExperimentalWarning']
    : ['--disable-warning=ExperimentalWarning']

/** Address of a module that starts a thread or child: `moduleUrl('./writer', import.meta.url)`. */
export function moduleUrl(name: string, base: string): URL {
  return new URL(name + extension, base)
}
