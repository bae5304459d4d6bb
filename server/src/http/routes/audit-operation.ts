import { Type } from 'typebox'
import type { RecoveryChoice } from '../../audit/recovery.ts'
import { type App, principalOf } from '../app.ts'
import type { HttpParts } from '../parts.ts'
import { closed } from '../schemas.ts'
import { PUBLISHED, PUBLISH_SETTING } from './log-files.ts'
import { ApprovalAnswer, SecondPersonFields, withSecondPerson } from '../second-person.ts'

const Loose = Type.Object({}, { additionalProperties: true })
const Ticket = Type.String({ minLength: 1, maxLength: 100, pattern: '^[\\w.:/#-]+$', description: 'where this was decided' })
const CHOICES = ['reissue', 'accept_loss'] as const satisfies readonly RecoveryChoice[]

/** What is done to the log itself: closing a shard, and going on after a restore. A second person agrees. */
export function auditOperationRoutes(app: App, parts: HttpParts): void {
  rotating(app, parts)
  publishing(app, parts)
  recovering(app, parts)
}

function rotating(app: App, parts: HttpParts): void {
  app.post(
    '/v1/audit/rotate',
    {
      config: { permission: 'log:operate' },
      schema: {
        tags: ['audit'],
        summary: 'Close the open shard and begin the next with a new key',
        description: 'The closing entry, signed with the old key, names the new one. The old key is then forgotten.',
        body: closed({ why: Ticket, ...SecondPersonFields }),
        response: { 200: Loose, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => {
      const { why, ...body } = request.body
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const result = await withSecondPerson(parts, reply, {
        principal,
        body,
        action: 'log.operate',
        params: { do: 'rotate', why },
        run: async (id, params) => {
          await parts.audit.rotate(why, { tenantNo, id, params, actor })
          return parts.audit.state()
        },
      })
      return 'asked' in result ? result.asked : { shard: result.done.shard, origin: result.done.origin, vkey: result.done.vkey }
    },
  )
}

function publishing(app: App, { records, clock }: HttpParts): void {
  app.put(
    '/v1/audit/publish',
    {
      config: { permission: 'log:operate' },
      schema: {
        tags: ['audit'],
        summary: 'Say which files of the log need no credential',
        description: 'none, checkpoint, tree (hashes), all (entries too). Entries name nobody, but show how much happens.',
        body: closed({ publish: Type.Enum([...PUBLISHED]) }),
        response: { 200: Type.Object({ publish: Type.Enum([...PUBLISHED]) }) },
      },
    },
    async (request) => {
      const { publish } = request.body
      const { actor } = principalOf(request)
      await records.act('putSetting', { tenantNo: 0, name: PUBLISH_SETTING, value: publish, at: clock.now(), actor })
      return { publish }
    },
  )
}

function recovering(app: App, { recovery, ...parts }: HttpParts): void {
  app.get(
    '/v1/audit/recovery',
    {
      config: { permission: 'log:operate', reading: true },
      schema: {
        tags: ['audit'],
        summary: 'What a restored backup has forgotten',
        description: 'While the log is halted: the range that was lost, and how many endings of tokens in it are still known.',
        response: { 200: Loose },
      },
    },
    () => recovery.look(),
  )
  app.post(
    '/v1/audit/recovery',
    {
      config: { permission: 'log:operate' },
      schema: {
        tags: ['audit'],
        summary: 'Go on after a restore, in a new shard with a new key',
        description:
          'Endings since the backup are applied, so that no token comes back to life. Where not all of them are known, a choice is needed: `reissue` ends older single-use tokens and suspends the others, `accept_loss` lets them live. The old shard is never continued. Restart the other servers afterwards.',
        body: closed({ ticket: Ticket, choice: Type.Optional(Type.Enum([...CHOICES])), ...SecondPersonFields }),
        response: { 200: Loose, 202: ApprovalAnswer },
      },
    },
    async (request, reply) => {
      const { ticket, choice = null, ...body } = request.body
      const principal = principalOf(request)
      const { tenantNo, actor } = principal
      const action = choice === 'reissue' ? 'restore.reissue' : choice === 'accept_loss' ? 'restore.accept_loss' : 'log.operate'
      const result = await withSecondPerson(parts, reply, {
        principal,
        body,
        action,
        params: { do: 'recover', ticket, choice },
        run: (id, params) => recovery.run({ choice, ticket, approved: { tenantNo, id, params, actor } }),
      })
      return 'asked' in result ? result.asked : { ...result.done }
    },
  )
}
