import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Milliseconds } from 'tokentrail'
import { TrailError } from '../errors.ts'
import type { Records, Tenant } from '../records/records.ts'

const HOME_SETTING = 'subject_keys.home'

/**
 * Servers that share records share subject keys too, for a person is erased on all of them at once. The first server with a file of
 * keys names it in the records; another one with a file of its own does not start. `config_invalid` then.
 */
export async function claimKeyHome(o: {
  records: Records
  tenant: Tenant
  file: string | undefined
  at: Milliseconds
}): Promise<void> {
  const { records, tenant, at } = o
  const own = o.file === undefined ? 'database' : idOf(`${o.file}.id`)
  const home = await records.read.setting(tenant.no, HOME_SETTING)
  if (home === own) return
  if (home !== null) throw elsewhere()
  await records.act('putSetting', { tenantNo: tenant.no, name: HOME_SETTING, value: own, at, actor: { no: 0, kind: 'system' } })
}

/** The name of a file of keys: random, beside it. */
function idOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    const id = randomBytes(16).toString('hex')
    writeFileSync(file, `${id}\n`, { mode: 0o600, flush: true, flag: 'wx' })
    return id
  }
}

function elsewhere(): TrailError {
  return new TrailError(
    'config_invalid',
    'The subject keys of these records are kept elsewhere. Servers that share records share a database of keys: name it with --subject-keys on each.',
    { input: 'subjectKeys' },
  )
}
