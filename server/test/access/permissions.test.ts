import { describe, expect, test } from 'vitest'
import { isGranted, PERMISSIONS, type Permission, permissionsOf } from '../../src/access/permissions.ts'
import { isPermitted, type Principal } from '../../src/access/principal.ts'
import { ROLES } from '../../src/records/records.ts'

const NAMES = Object.keys(PERMISSIONS) as Permission[]

describe('the table of permissions', () => {
  test('grants what it says and nothing else', () => {
    for (const role of ROLES) {
      for (const name of NAMES) expect(isGranted(role, name)).toBe(PERMISSIONS[name].roles.includes(role))
    }
  })

  test('a service has one purpose: it reads no figures, rows or tokens and changes none', () => {
    for (const role of ['ingest', 'validate', 'introspect'] as const) {
      expect(
        permissionsOf(role).filter((name) =>
          /^(figures|rows|live|status|install|session|sign-in-links|reasons):|^tokens:(read|write)$/.test(name),
        ),
      ).toEqual([])
    }
  })

  test('who only reads changes nothing, and an analyst judges findings, proposes responses and reports leaks, and no more', () => {
    for (const role of ['viewer', 'auditor', 'analyst'] as const) {
      expect(
        permissionsOf(role).filter((name) => name.endsWith(':write') || /:(validate|introspect|surrender)$/.test(name)),
      ).toEqual(role === 'analyst' ? ['findings:write', 'responses:write', 'leaks:write', 'rules:write'] : [])
    }
  })

  test('a viewer sees figures and no rows', () => {
    expect(isGranted('viewer', 'figures:read')).toBe(true)
    expect(isGranted('viewer', 'rows:read')).toBe(false)
    expect(isGranted('viewer', 'findings:read')).toBe(false)
    expect(isGranted('viewer', 'tokens:read')).toBe(false)
    expect(isGranted('viewer', 'reasons:read')).toBe(false)
  })

  test("the installation's figures are for the first tenant only, whatever the role", () => {
    const principal: Principal = {
      tenantNo: 2,
      role: 'admin',
      grants: [{ role: 'admin', scope: 'tenant', scopeOwnerNo: null, until: null, period: null }],
      waived: false,
      tokenNo: 1,
      tokenId: 'a',
      ownerNo: 1,
      ownerId: 'o',
      actor: { no: 1, kind: 'service' },
      via: 'bearer',
    }
    expect(isPermitted(principal, 'install:read', 1)).toBe(false)
    expect(isPermitted({ ...principal, tenantNo: 1 }, 'install:read', 1)).toBe(true)
  })
})
