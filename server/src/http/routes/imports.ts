import { Type } from 'typebox'
import { TrailError } from '../../errors.ts'
import type { ImportProgress } from '../../records/records.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed, Text } from '../schemas.ts'
import { timeText } from '../times.ts'

const Params = closed({
  source: Type.String({ minLength: 1, maxLength: 200, description: "format and digest of the file's content" }),
})
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const ImportSchema = Type.Object({
  source: Type.String(),
  file: Type.String(),
  recordsDone: Type.Integer(),
  recordsTotal: Type.Integer(),
  finishedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
})

/** How far imports are, so that one that was cut off goes on where it stopped. */
export function importRoutes(app: App, { records, clock }: HttpParts): void {
  app.get(
    '/v1/imports',
    {
      config: { permission: 'imports:read' },
      schema: {
        tags: ['imports'],
        summary: 'Every import of the tenant',
        response: { 200: Type.Object({ items: Type.Array(ImportSchema) }) },
      },
    },
    async (request) => ({ items: (await records.read.imports(principalOf(request).tenantNo)).map(viewOf) }),
  )

  app.get(
    '/v1/imports/:source',
    {
      config: { permission: 'imports:read' },
      schema: { tags: ['imports'], summary: 'How far one import is', params: Params, response: { 200: ImportSchema } },
    },
    async (request) => {
      const progress = await records.read.import(principalOf(request).tenantNo, request.params.source)
      if (progress) return viewOf(progress)
      throw new TrailError('not_found', 'This source was not imported yet.', { input: 'source' })
    },
  )

  app.put(
    '/v1/imports/:source',
    {
      config: { permission: 'imports:write' },
      schema: {
        tags: ['imports'],
        summary: 'Note how far an import is',
        params: Params,
        body: closed({ file: Text, recordsDone: Count, recordsTotal: Count, finished: Type.Optional(Type.Boolean()) }),
        response: { 200: ImportSchema },
      },
    },
    async (request) => {
      const { file, recordsDone, recordsTotal, finished = false } = request.body
      const { tenantNo } = principalOf(request)
      const finishedAt = finished ? clock.now() : null
      const progress = { tenantNo, source: request.params.source, file, recordsDone, recordsTotal, finishedAt }
      await records.act('putImport', progress)
      return viewOf(progress)
    },
  )
}

function viewOf({ source, file, recordsDone, recordsTotal, finishedAt }: ImportProgress): Type.Static<typeof ImportSchema> {
  return { source, file, recordsDone, recordsTotal, finishedAt: timeText(finishedAt) }
}
