import { FLAGS, KINDS, reasonId, TYPES } from 'tokentrail'
import { describe, expect, it } from 'vitest'
import type { TokenChange } from '../../src/records/records.ts'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOf, eventsOfType, issue, newToken, NOW } from './fixture.ts'

export function describeTokens(open: Open): void {
  describe('issuing and changing', () => {
    it('reads a token back as it was issued', async () => {
      const tenant = await addTenant(open())
      const asked = newToken(tenant, {
        kind: 'action',
        name: 'Zahlung "Köln" 💶',
        environment: 'live',
        salt: new Uint8Array([1, 2, 3]),
        scopes: ['pay:write', 'pay:read'],
        metadata: { team: 'billing' },
        cidrs: ['10.0.0.0/8'],
        origins: ['https://example.org'],
        methods: ['POST'],
        notBefore: NOW - 5,
        expiresAt: NOW + 1_800_000,
        usesMax: 3,
        rateLimit: { count: 10, windowMs: 1_000 },
        action: 'pay',
        resource: 'invoice/1',
        attemptsMax: 5,
        channel: 'email',
        canary: true,
        simulated: true,
        role: 'viewer',
      })
      const { token } = await open().act('issueToken', { token: asked, at: NOW, actor: ADMIN })
      expect(token).toMatchObject({
        ...asked,
        usesLeft: 3,
        generation: 1,
        familyNo: token.no,
        ownerDisabled: false,
        version: 1,
        observed: false,
      })
      expect(await open().read.token(tenant.no, asked.id)).toEqual(token)
      expect(await open().read.tokenByNo(token.no)).toEqual(token)
      expect(await open().read.tokenByPublicId(asked.id)).toEqual(token)
      expect(await open().read.tokensByNo([token.no, token.no + 1_000_000])).toEqual([token])
    })

    it('notes who issued what, and a role that it grants', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { role: 'admin', simulated: true })
      const [issued] = await eventsOfType(open(), tenant, 'token.issued')
      expect(issued).toMatchObject({
        retention: tenant.retention,
        reason: reasonId('new'),
        kind: KINDS.access,
        flags: FLAGS.simulated,
        occurredAt: NOW,
        tokenNo: token.no,
        ownerNo: token.ownerNo,
        actorNo: ADMIN.no,
        count: 1,
      })
      expect(await eventsOfType(open(), tenant, 'role.granted')).toHaveLength(1)
    })

    it('refuses an id that is taken and leaves no event of the refusal', async () => {
      const tenant = await addTenant(open())
      const token = newToken(tenant)
      await open().act('issueToken', { token, at: NOW, actor: ADMIN })
      await expect(open().act('issueToken', { token, at: NOW, actor: ADMIN })).rejects.toMatchObject({
        code: 'token_exists',
        input: 'id',
      })
      expect(await eventsOfType(open(), tenant, 'token.issued')).toHaveLength(1)
    })

    it('lets two tenants use the same foreign id and keeps them apart', async () => {
      const [one, two] = [await addTenant(open()), await addTenant(open())]
      const id = `AKIA${one.no}`
      const first = await issue(open(), one, { id })
      const second = await issue(open(), two, { id })
      expect(await open().read.token(one.no, id)).toEqual(first)
      expect(await open().read.token(two.no, id)).toEqual(second)
      expect(await open().read.tokenByPublicId(id)).toEqual(first)
      expect(await open().read.tokenByPublicId(id, two.no)).toEqual(second)
    })

    it('refuses a tenant that does not exist', async () => {
      const tenant = await addTenant(open())
      const token = newToken(tenant, { tenantNo: tenant.no + 1_000_000 })
      await expect(open().act('issueToken', { token, at: NOW, actor: ADMIN })).rejects.toMatchObject({ code: 'not_found' })
    })

    it('refuses a number that is not whole as the mistake of the caller that it is', async () => {
      const tenant = await addTenant(open())
      const token = newToken(tenant, { expiresAt: NOW + 0.5 })
      await expect(open().act('issueToken', { token, at: NOW, actor: ADMIN })).rejects.toMatchObject({
        code: 'parameter_invalid',
      })
    })

    it('changes what is asked, notes scopes apart, and notes nothing where nothing differs', async () => {
      const tenant = await addTenant(open())
      const { id } = await issue(open(), tenant, { scopes: ['a', 'b'], name: 'secret project' })
      const change = {
        name: 'other',
        scopes: ['b', 'c'],
        expiresAt: NOW + 5,
        rateLimit: null,
        canary: true,
        metadata: { x: 'y' },
      }
      const changed = await open().act('changeToken', { tenantNo: tenant.no, id, change, at: NOW, actor: ADMIN })
      expect(changed).toMatchObject({ token: { ...change, version: 2 } })
      const [event] = await eventsOfType(open(), tenant, 'token.changed')
      expect(Object.keys(JSON.parse(event!.detail).fields)).toEqual(['name', 'metadata', 'expiresAt', 'canary'])
      expect(event!.detail).not.toContain('secret project')
      const [scopes] = await eventsOfType(open(), tenant, 'token.scopes_changed')
      expect(JSON.parse(scopes!.detail)).toEqual({ added: ['c'], removed: ['a'] })
      const before = await eventsOf(open(), tenant)
      await open().act('changeToken', { tenantNo: tenant.no, id, change, at: NOW, actor: ADMIN })
      expect(await eventsOf(open(), tenant)).toEqual(before)
    })

    it('loses no change when many come at once', async () => {
      const tenant = await addTenant(open())
      const { id } = await issue(open(), tenant)
      const changes = Array.from({ length: 30 }, (_, index) => ({ expiresAt: NOW + 1_000 + index }))
      await Promise.all(
        changes.map((change) => open().act('changeToken', { tenantNo: tenant.no, id, change, at: NOW, actor: ADMIN })),
      )
      expect((await open().read.token(tenant.no, id))?.version).toBe(31)
      expect(await eventsOfType(open(), tenant, 'token.changed')).toHaveLength(30)
    })

    it('rotates: the successor is the next generation, the predecessor stays until its grace is over', async () => {
      const tenant = await addTenant(open())
      const first = await issue(open(), tenant)
      const rotated = await open().act('rotateToken', {
        tenantNo: tenant.no,
        id: first.id,
        successor: newToken(tenant),
        graceUntil: NOW + 60_000,
        reason: 'by_hand',
        at: NOW,
        actor: ADMIN,
      })
      if ('refused' in rotated) throw new Error('the rotation was refused')
      const { predecessor, successor, event } = rotated
      expect(predecessor).toMatchObject({ successorNo: successor.no, graceUntil: NOW + 60_000, endedAt: null, version: 2 })
      expect(predecessor).toMatchObject({ endedByWriter: event.writer, endedBySeq: event.seq })
      expect(successor).toMatchObject({ generation: 2, familyNo: first.no, predecessorNo: first.no })
      expect(await open().read.family(first.no)).toEqual([predecessor, successor])
      const [noted] = await eventsOfType(open(), tenant, 'token.rotated')
      expect(noted).toMatchObject({ ...event, tokenNo: first.no, reason: reasonId('by_hand') })
      const issued = await eventsOfType(open(), tenant, 'token.issued')
      expect(issued.map(({ reason }) => reason)).toEqual([reasonId('new'), reasonId('successor')])
    })

    it('rotates once when many try at once', async () => {
      const tenant = await addTenant(open())
      const { id } = await issue(open(), tenant)
      const rotate = () =>
        open().act('rotateToken', {
          tenantNo: tenant.no,
          id,
          successor: newToken(tenant),
          graceUntil: NOW + 1,
          reason: 'scheduled',
          at: NOW,
          actor: ADMIN,
        })
      const results = await Promise.all(Array.from({ length: 20 }, rotate))
      expect(results.filter((result) => !('refused' in result))).toHaveLength(1)
      expect(await open().read.lives(tenant.no, { after: 0, limit: 10 })).toHaveLength(2)
    })

    it('changes nothing of a rotation whose successor cannot be added', async () => {
      const tenant = await addTenant(open())
      const [token, other] = [await issue(open(), tenant), await issue(open(), tenant)]
      const successor = newToken(tenant, { id: other.id })
      const rotation = {
        tenantNo: tenant.no,
        id: token.id,
        successor,
        graceUntil: NOW,
        reason: 'by_hand',
        at: NOW,
        actor: ADMIN,
      } as const
      await expect(open().act('rotateToken', rotation)).rejects.toMatchObject({ code: 'token_exists' })
      expect(await open().read.token(tenant.no, token.id)).toEqual(token)
    })

    it('suspends and resumes, each once', async () => {
      const tenant = await addTenant(open())
      const { id } = await issue(open(), tenant)
      const about = { tenantNo: tenant.no, id, at: NOW, actor: ADMIN }
      expect(await open().act('suspendToken', { ...about, note: 'looked odd' })).toMatchObject({ token: { suspendedAt: NOW } })
      expect(await open().act('suspendToken', about)).toMatchObject({ refused: true })
      expect(await open().act('resumeToken', about)).toMatchObject({ token: { suspendedAt: null } })
      expect(await open().act('resumeToken', about)).toMatchObject({ refused: true })
      const types = (await eventsOf(open(), tenant)).map(({ type }) => type)
      expect(types).toEqual(
        ['tenant.added', 'token.issued', 'token.suspended', 'token.resumed'].map((name) => TYPES[name as keyof typeof TYPES].id),
      )
    })

    it('tells every change before the action resolves, and a listener that throws harms nobody', async () => {
      const tenant = await addTenant(open())
      const heard: TokenChange[] = []
      const off = [
        open().onChange(() => {
          throw new Error('a broken listener')
        }),
        open().onChange((change) => heard.push(change)),
      ]
      const token = await issue(open(), tenant)
      expect(heard).toContainEqual({ no: token.no, id: token.id, version: 1 })
      await open().act('revokeToken', { tenantNo: tenant.no, id: token.id, reason: 'leaked', at: NOW, actor: ADMIN })
      expect(heard).toContainEqual({ no: token.no, id: token.id, version: 2 })
      for (const stop of off) stop()
      await issue(open(), tenant)
      expect(heard).toHaveLength(2)
    })

    it('re-keys only the version that was read', async () => {
      const tenant = await addTenant(open())
      const { no, id } = await issue(open(), tenant)
      const digest = new Uint8Array(32).fill(9)
      expect(await open().act('rekeyToken', { no, scheme: 'hmac-sha256:1', digest, version: 5 })).toBe(false)
      expect(await open().act('rekeyToken', { no, scheme: 'hmac-sha256:1', digest, version: 1 })).toBe(true)
      expect(await open().read.token(tenant.no, id)).toMatchObject({ scheme: 'hmac-sha256:1', digest, version: 2 })
    })
  })
}
