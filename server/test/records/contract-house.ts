import { describe, expect, it } from 'vitest'
import { FLAGS, TYPES } from 'tokentrail'
import type { Open } from './contract.ts'
import { addTenant, ADMIN, eventsOf, eventsOfType, issue, NOW } from './fixture.ts'

export function describeHouse(open: Open): void {
  describe('tenants, owners, keys, settings, sessions', () => {
    it('adds a tenant once under an id', async () => {
      const id = `t_fixed_${(await addTenant(open())).no}`
      const add = () =>
        open().act('addTenant', {
          name: 'Fixed',
          id,
          prefixes: { access: 'acme' },
          retention: 3,
          simulated: true,
          at: NOW,
          actor: ADMIN,
        })
      const tenants = await Promise.all(Array.from({ length: 10 }, add))
      expect(new Set(tenants.map(({ no }) => no)).size).toBe(1)
      expect(tenants[0]).toMatchObject({
        id,
        retention: 3,
        simulated: true,
        prefixes: { access: 'acme', action: 'tta', validation: 'ttv' },
      })
      expect(await open().read.tenantById(id)).toEqual(tenants[0])
      expect(await open().read.tenants()).toContainEqual(tenants[0])
      expect(await eventsOfType(open(), tenants[0]!, 'tenant.added')).toHaveLength(1)
    })

    it('gives an owner one number however many tokens name it at once', async () => {
      const tenant = await addTenant(open())
      const tokens = await Promise.all(Array.from({ length: 20 }, () => issue(open(), tenant, { ownerId: 'shared' })))
      const owner = await open().read.owner(tenant.no, 'shared')
      expect(new Set(tokens.map(({ ownerNo }) => ownerNo))).toEqual(new Set([owner?.no]))
      expect(await open().read.ownersByNo([owner!.no])).toEqual([owner])
    })

    it('notes an owner that is added or changed, and nothing where nothing differs', async () => {
      const tenant = await addTenant(open())
      const put = (p: object) => open().act('putOwner', { tenantNo: tenant.no, id: 'erin', at: NOW, actor: ADMIN, ...p })
      await put({ name: 'Erin' })
      await put({ disabled: true })
      await put({ disabled: true, name: 'Erin' })
      expect(await put({})).toMatchObject({ name: 'Erin', disabledAt: NOW })
      const types = (await eventsOf(open(), tenant)).map(({ type }) => type)
      expect(types.slice(1)).toEqual([TYPES['principal.added'].id, TYPES['principal.changed'].id])
    })

    it('keeps the first key of a domain and epoch, whoever comes at once, and destroys by date', async () => {
      const tenant = await addTenant(open())
      const key = (fill: number, epoch: number) => ({
        domain: 'address-day',
        tenantNo: tenant.no,
        epoch,
        wrapped: new Uint8Array(60).fill(fill),
        destroyAfter: NOW + epoch,
      })
      const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => open().act('putKey', key(index, 1))))
      for (const answer of answers) expect(answer).toEqual(answers[0])
      const second = await open().act('putKey', key(99, 2))
      const ours = async () => (await open().read.keys()).filter(({ tenantNo }) => tenantNo === tenant.no)
      expect(await ours()).toEqual([answers[0], second])
      expect(await open().act('destroyKeys', { before: NOW + 2 })).toBeGreaterThanOrEqual(1)
      expect(await ours()).toEqual([second])
      const [event] = await eventsOfType(open(), tenant, 'key.destroyed')
      expect(JSON.parse(event!.detail)).toEqual({ count: 1, keys: [['address-day', 1]] })
    })

    it('notes a changed setting by digests, never by value', async () => {
      const tenant = await addTenant(open())
      const put = (value: string) =>
        open().act('putSetting', { tenantNo: tenant.no, name: 'policy', value, at: NOW, actor: ADMIN })
      expect(await open().read.setting(tenant.no, 'policy')).toBeNull()
      await put('first-value')
      await put('second-value')
      expect(await open().read.setting(tenant.no, 'policy')).toBe('second-value')
      const details = (await eventsOfType(open(), tenant, 'config.changed')).map(({ detail }) => JSON.parse(detail))
      expect(details).toMatchObject([
        { path: 'policy', before: null },
        { path: 'policy', before: details[0].after },
      ])
      expect(JSON.stringify(details)).not.toContain('value')
    })

    it('keeps sessions until they end, and signs in as an event', async () => {
      const tenant = await addTenant(open())
      const token = await issue(open(), tenant, { role: 'viewer', canary: true })
      const idDigest = new Uint8Array(32).fill(tenant.no % 251)
      const session = { tokenNo: token.no, tenantNo: tenant.no, csrf: 'c', expiresAt: NOW + 10, id: 'ses_1', provenAt: null }
      await open().act('createSession', { ...session, idDigest, at: NOW, actor: ADMIN })
      expect(await open().read.session(idDigest)).toEqual({ ...session, createdAt: NOW })
      expect(await eventsOfType(open(), tenant, 'principal.signed_in')).toMatchObject([
        { tokenNo: token.no, flags: FLAGS.canary },
      ])
      expect(await open().act('endSession', { idDigest })).toBe(true)
      expect(await open().act('endSession', { idDigest })).toBe(false)
      expect(await open().read.session(idDigest)).toBeNull()
    })

    it('remembers how far an import came', async () => {
      const tenant = await addTenant(open())
      const progress = {
        tenantNo: tenant.no,
        source: 'cloudtrail:abc',
        file: 'a.json',
        recordsDone: 5,
        recordsTotal: 10,
        finishedAt: null,
      }
      await open().act('putImport', progress)
      await open().act('putImport', { ...progress, recordsDone: 10, finishedAt: NOW })
      expect(await open().read.import(tenant.no, 'cloudtrail:abc')).toEqual({ ...progress, recordsDone: 10, finishedAt: NOW })
      expect(await open().read.imports(tenant.no)).toHaveLength(1)
      expect(await open().read.imports(tenant.no + 1_000_000)).toEqual([])
    })

    it('leases each writer number once', async () => {
      const numbers = await Promise.all(
        Array.from({ length: 20 }, () => open().act('leaseWriter', { purpose: 'client', at: NOW })),
      )
      expect(new Set(numbers).size).toBe(20)
      expect(await open().read.writerPurpose(numbers[0]!)).toBe('client')
      expect(await open().read.writerPurpose(1_000_000)).toBeNull()
    })
  })
}
