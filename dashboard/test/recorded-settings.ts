const at = (now: number, hours: number): string => new Date(now + hours * 3_600_000).toISOString()

/** Answers of the settings screen, by path. */
export function settingsAnswers(now: number): Readonly<Record<string, unknown>> {
  return {
    '/v1/detection': {
      timeZone: 'Europe/Berlin',
      canaryTest: { at: at(now, -9), state: 'passed', tookMs: 840, failure: null },
    },
    '/v1/approvals': {
      items: [
        {
          id: 'apr_1',
          action: 'subject.erase',
          params: { owner: 'svc-billing', classes: ['text'] },
          ground: 'request 17',
          state: 'requested',
          requester: 'alice',
          requestedAt: at(now, -1),
          lapsesAt: at(now, 23),
          decider: null,
          decidedAt: null,
          note: null,
        },
      ],
    },
    '/v1/people': {
      separation: 'waived',
      people: [
        {
          owner: 'alice',
          name: 'Alice',
          conflicts: [['admin', 'auditor']],
          overdueReviews: ['gra_2'],
          secondFactor: true,
          sessions: 2,
          grants: [
            {
              id: 'gra_1',
              token: 'tok0000000000001',
              role: 'admin',
              scope: 'tenant',
              until: null,
              over: false,
              period: null,
              breakGlass: false,
              waived: true,
              grantedAt: at(now, -100),
            },
            {
              id: 'gra_2',
              token: 'tok0000000000001',
              role: 'auditor',
              scope: 'tenant',
              until: at(now, 4),
              over: false,
              period: { from: at(now, -2000), to: at(now, 0) },
              breakGlass: true,
              waived: false,
              grantedAt: at(now, -1),
            },
          ],
        },
      ],
    },
    '/v1/sessions': {
      items: [
        { id: 'ses_1', createdAt: at(now, -1), expiresAt: at(now, 11), current: true },
        { id: 'ses_2', createdAt: at(now, -2), expiresAt: at(now, 10), current: false },
      ],
    },
    '/v1/second-factor': { active: false, provenAt: null },
    '/v1/subjects/erasures': {
      items: [
        {
          id: 'era_1',
          state: 'done',
          classes: ['text'],
          kept: [],
          values: 12,
          keysDigest: 'ab',
          begunAt: at(now, -30),
          doneAt: at(now, -29),
          deadInBackupsFrom: at(now, 720),
        },
      ],
    },
    '/v1/subjects/restrictions': { items: [{ owner: 'carol', ground: 'dispute', at: at(now, -5) }] },
    '/v1/retention': { events: 90, sealedValues: 400, tombstones: 400 },
    '/v1/retention/due': { items: [went(now)] },
    '/v1/retention/runs': { items: [{ ...went(now), event: 'evt_1_9', at: at(now, -3), leaves: null }] },
    '/v1/holds': {
      items: [
        {
          id: 'hld_1',
          owner: 'carol',
          token: null,
          ground: 'case 12',
          state: 'active',
          setAt: at(now, -9),
          endsAt: at(now, 900),
        },
        { id: 'hld_2', owner: null, token: null, ground: 'audit', state: 'released', setAt: at(now, -99), endsAt: at(now, 9) },
      ],
    },
    '/v1/readings': {
      items: [
        { id: 'evt_1_8', type: 'report.viewed', at: now - 60_000, count: 3, owner: 'alice', detail: { report: 'daily-review' } },
      ],
    },
    '/v1/evidence/packs': {
      items: [
        {
          id: 'pck_1',
          pack: 'daily-review',
          state: 'ready',
          progress: null,
          level: 'aggregate',
          recipient: 'auditor',
          from: at(now, -24),
          to: at(now, 0),
          requestedAt: at(now, -1),
          failure: null,
          bytes: 84_000,
        },
      ],
    },
    '/v1/evidence': { packs: [{ name: 'daily-review', title: 'Daily review', says: 'what happened', params: [] }] },
  }
}

function went(now: number): object {
  return { class: 'events', days: 90, cut: at(now, -2160), rows: 120_000, bytes: 3_400_000, keys: 4, held: 12, shared: false }
}
