import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { count, percent, short } from '../src/format/number.ts'
import { axeViolations, openBrowser, openPage, type Watched } from './browser.ts'
import { answer, event, totals } from './recorded.ts'
import { recordedLog, strangersKey } from './recorded-audit.ts'
import { findingDetail, findings } from './recorded-findings.ts'
import { GOOD_CODE, GOOD_TOKEN, openSite, problem, type Site } from './site.ts'

let browser: Browser
let site: Site
let open: Watched[] = []

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
beforeEach(async () => {
  site = await openSite()
})
afterEach(async () => {
  const faults = open.flatMap((each) => each.faults)
  await Promise.all(open.map((each) => each.close()))
  open = []
  await site.close()
  if (faults.length > 0) throw new Error(`the page did what it must not:\n${faults.join('\n')}`)
})

async function visit(path: string, options: Parameters<typeof openPage>[3] = {}) {
  const watched = await openPage(browser, site, path, options)
  open.push(watched)
  return watched.page
}

describe('signing in', () => {
  test('a pasted token becomes a session, is sent once, and the asked page appears under its own address', async () => {
    site.isSignedIn = false
    const page = await visit('/tokens?state=revoked', { expected: [401] })
    await page.getByLabel('Access token').fill(GOOD_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Tokens', exact: true }).waitFor()
    expect(new URL(page.url()).search).toBe('?state=revoked')
    expect(site.requests.filter((request) => request === 'POST /v1/session')).toHaveLength(1)
    expect(site.requests.join(' ')).not.toContain(GOOD_TOKEN)
    expect(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).not.toContain(GOOD_TOKEN)
  })

  test('a one-time link signs in by itself and its code leaves the address', async () => {
    site.isSignedIn = false
    const page = await visit(`/sign-in#code=${GOOD_CODE}`, { expected: [401] })
    await page.getByRole('heading', { name: 'Overview', exact: true }).waitFor()
    expect(page.url()).not.toContain(GOOD_CODE)
    expect(site.requests.filter((request) => request === 'POST /v1/session')).toHaveLength(1)
  })

  test('a late answer that nobody is signed in does not undo the sign-in', async () => {
    site.isSignedIn = false
    const posted = Promise.withResolvers<void>()
    const nobody = problem(401, 'not_authenticated', 'Sign in.')
    site.override = ({ method, path }) => (method === 'GET' && path === '/v1/session' ? nobody : undefined)
    site.hold = (method, path) => {
      if (method === 'POST') posted.resolve()
      return method === 'GET' && path === '/v1/session' ? posted.promise : undefined
    }
    const page = await visit(`/sign-in#code=${GOOD_CODE}`, { expected: [401] })
    await page.getByRole('figure', { name: 'Latency over time' }).waitFor()
    expect(await page.getByLabel('Access token').count()).toBe(0)
  })

  test('a used link says so and offers the form', async () => {
    site.isSignedIn = false
    const page = await visit('/sign-in#code=used', { expected: [401] })
    await page.getByText('This link does not work any more').waitFor()
    expect(await page.getByLabel('Access token').isVisible()).toBe(true)
  })

  test('a session that ends while the page is open leads to the form, and the page stays where it is', async () => {
    const page = await visit('/events?reason=expired', { expected: [401] })
    await page.getByRole('heading', { name: 'Events', exact: true }).waitFor()
    site.isSignedIn = false
    await page.getByRole('radio', { name: '7 d' }).click()
    await page.getByText('Your session has ended').waitFor()
    await page.getByLabel('Access token').fill(GOOD_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Events', exact: true }).waitFor()
    expect(new URL(page.url()).searchParams.get('reason')).toBe('expired')
  })

  test('signing out ends the session and shows the form', async () => {
    const page = await visit('/', { expected: [401] })
    await page.getByRole('button', { name: 'first admin' }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Access token').waitFor()
    expect(site.requests).toContain('DELETE /v1/session')
  })
})

describe('the overview', () => {
  test('figures equal the answers they are made from', async () => {
    const page = await visit('/')
    const row = totals()
    const figures = page.getByLabel('Figures of this window')
    await figures.waitFor()
    const text = await figures.innerText()
    const failed = row.invalid + row.forbidden
    for (const expected of [
      short(row.attempts),
      percent(row.successRate?.value ?? 0),
      percent(failed / (failed + row.accepted)),
      count(row.throttled),
      count(row.activeTokens),
      '912 µs',
    ]) {
      expect(text).toContain(expected)
    }
    expect(await figures.getByTitle(count(row.attempts)).count()).toBe(1)
  })

  test('a chart, its sentence and its table say the same', async () => {
    const page = await visit('/?from=2026-11-20T00:00:00.000Z&to=2026-11-20T02:00:00.000Z&zone=utc')
    const chart = page.getByRole('figure', { name: 'Validations by outcome' })
    const sentence = await chart.locator('p').first().innerText()
    await chart.getByRole('button', { name: 'Show as table' }).click()
    const cells = await chart.locator('tbody tr td:last-child').allInnerTexts()
    const total = cells.reduce((sum, cell) => sum + Number(cell.replaceAll(',', '')), 0)
    expect(cells).toHaveLength(120)
    expect(sentence).toContain(`${short(total)} validations`)
  })

  test('keys move the data cursor, speak the value, select a range and zoom into it', async () => {
    const page = await visit('/?from=2026-11-20T00:00:00.000Z&to=2026-11-20T02:00:00.000Z&zone=utc')
    const plot = page.getByRole('application', { name: /^Validations by outcome/ })
    await plot.focus()
    await page.keyboard.press('Home')
    await page.getByText(/^20 Nov, 00:00, Accepted \d+/).waitFor()
    for (let step = 0; step < 9; step += 1) await page.keyboard.press('Shift+ArrowRight')
    await page.getByText('Selected 20 Nov, 00:00 to 20 Nov, 00:09').waitFor()
    await page.keyboard.press('Enter')
    await expect.poll(() => new URL(page.url()).searchParams.get('to')).toBe('2026-11-20T00:10:00.000Z')
  })

  test('dragging on a chart zooms, and the back button undoes it', async () => {
    const page = await visit('/?from=2026-11-20T00:00:00.000Z&to=2026-11-20T02:00:00.000Z&zone=utc')
    const box = await page.getByRole('application', { name: /^Validations by outcome/ }).boundingBox()
    if (!box) throw new Error('the chart has no place')
    await page.mouse.move(box.x + 200, box.y + 60)
    await page.mouse.down()
    await page.mouse.move(box.x + 400, box.y + 60, { steps: 4 })
    await page.mouse.up()
    await expect.poll(() => new URL(page.url()).searchParams.get('from')).not.toBe('2026-11-20T00:00:00.000Z')
    await page.goBack()
    await expect.poll(() => new URL(page.url()).searchParams.get('from')).toBe('2026-11-20T00:00:00.000Z')
  })

  test('the window stands in the address: presets, a shift and the zone', async () => {
    const page = await visit('/')
    await page.getByRole('radio', { name: '7 d' }).check()
    await expect.poll(() => new URL(page.url()).searchParams.get('from')).toBe('now-7d')
    await page.getByRole('radio', { name: 'UTC' }).check()
    await page.getByRole('button', { name: 'Earlier by one window' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('to')).toMatch(/^\d{4}-/)
    const { searchParams } = new URL(page.url())
    expect(Date.parse(searchParams.get('to') ?? '') - Date.parse(searchParams.get('from') ?? '')).toBe(7 * 86_400_000)
    expect(searchParams.get('zone')).toBe('utc')
  })

  test('events of the stream come in on top', async () => {
    const page = await visit('/?from=now-15m&to=now')
    const rows = page.getByRole('region', { name: 'Newest events' }).locator('tbody tr')
    await rows.nth(3).waitFor()
    await site.send('event', { ...event(0, Date.now() + 60_000), id: 'evt_live_1', client: 'just now' })
    await expect.poll(() => rows.first().innerText()).toContain('just now')
    expect(await rows.count()).toBe(12)
  })

  test('a panel that fails says its code and what to do, and the others keep working', async () => {
    site.override = ({ path }) =>
      path === '/v1/questions/rejections-by-reason' ? problem(503, 'store_unavailable', 'The store does not answer.') : undefined
    const page = await visit('/', { expected: [503] })
    const panel = page.getByRole('region', { name: 'Rejections by reason' })
    await panel.getByText('store_unavailable').waitFor()
    expect(await panel.innerText()).toContain('Validation is not affected')
    await page.getByRole('figure', { name: 'Latency over time' }).waitFor()
    site.override = () => undefined
    await panel.getByRole('button', { name: 'Try again' }).click()
    await panel.getByText('scope_missing').waitFor()
  })

  test('a window without events shows the first request to send', async () => {
    site.override = ({ path }) =>
      path.startsWith('/v1/questions/validations')
        ? {
            body: {
              question: 'x',
              params: {},
              watermark: Date.now(),
              completeness: { value: null, received: 0, missing: 0, lost: {} },
              lateEvents: 0,
              method: 'exact',
              cost: { rowsRead: 0, elapsedMs: 1 },
              rows: [],
            },
          }
        : undefined
    const page = await visit('/')
    await page.getByText('/v1/validate').first().waitFor()
    expect(await page.getByText('$TOKENTRAIL_TOKEN').count()).toBeGreaterThan(0)
  })

  test('what a role may not see is said, not broken', async () => {
    site.role = 'viewer'
    site.override = ({ path }) =>
      path === '/v1/questions/top-tokens'
        ? problem(403, 'not_permitted', 'The role viewer does not permit rows:read.')
        : undefined
    const page = await visit('/', { expected: [403] })
    const panel = page.getByRole('region', { name: 'Busiest tokens' })
    await panel.getByText('Your role does not show this').waitFor()
    expect(await panel.getByRole('button', { name: 'Try again' }).count()).toBe(0)
  })

  test('incomplete figures open with a banner', async () => {
    site.override = ({ path }) =>
      path === '/v1/questions/totals'
        ? {
            body: {
              question: 'totals',
              params: {},
              watermark: Date.now(),
              completeness: { value: 0.987, received: 1000, missing: 13, lost: { journal_full: 13 } },
              lateEvents: 0,
              method: 'exact',
              cost: { rowsRead: 1, elapsedMs: 1 },
              rows: [totals()],
            },
          }
        : undefined
    const page = await visit('/')
    await page.getByText('journal_full 13').waitFor()
    expect(await page.getByRole('status').filter({ hasText: 'not complete' }).innerText()).toContain('98.7%')
  })
})

describe('tokens', () => {
  test('the list grows by pages, keeps only rows in sight, and filters stand in the address', async () => {
    const page = await visit('/tokens')
    const table = page.getByRole('table', { name: 'Tokens, newest first' })
    await table.getByRole('link').first().waitFor()
    expect(await table.locator('tbody tr[data-index]').count()).toBeLessThan(60)
    await page.getByRole('button', { name: 'Load more' }).click()
    await page.getByText('200 shown').waitFor()
    await page.getByRole('combobox', { name: 'State' }).selectOption('revoked')
    await expect.poll(() => new URL(page.url()).searchParams.get('state')).toBe('revoked')
    await expect.poll(() => site.requests.some((request) => request.includes('/v1/tokens?kind=access&state=revoked'))).toBe(true)
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await expect.poll(() => new URL(page.url()).search).toBe('?kind=any')
  })

  test('single-use tokens show how far they get', async () => {
    const page = await visit('/tokens?kind=validation')
    const panel = page.getByRole('region', { name: 'Validation tokens from issue to proof' })
    await panel.getByText('Verified').waitFor()
    expect(await panel.innerText()).toContain('960 · 80%')
  })

  test('revoking asks once more, names the reason, and is sent with the proof of this page', async () => {
    const sent: { body: unknown; csrf: unknown }[] = []
    site.override = ({ method, body, headers, path }) => {
      if (method === 'POST' && path.endsWith('/revoke')) sent.push({ body, csrf: headers['x-csrf-token'] })
      return undefined
    }
    const page = await visit('/tokens/tok0000000000000')
    await page.getByRole('button', { name: 'Revoke' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('These callers will be refused').waitFor()
    await dialog.getByLabel('Reason').selectOption('leaked')
    await dialog.getByLabel('Note for the record').fill('found in a log')
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(sent).toEqual([{ body: { reason: 'leaked', note: 'found in a log' }, csrf: 'csrf-1' }])
  })

  test('a rotation shows the new text once and never again', async () => {
    const page = await visit('/tokens/tok0000000000000')
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    await page.getByText('ttk_shown_once').waitFor()
    await page.getByRole('button', { name: 'I have stored it' }).click()
    await expect.poll(() => page.getByText('ttk_shown_once').count()).toBe(0)
  })

  test('who may not change tokens gets no buttons', async () => {
    site.role = 'viewer'
    const page = await visit('/tokens/tok0000000000000')
    await page.getByText('Changes need the role admin').waitFor()
    expect(await page.getByRole('button', { name: 'Revoke' }).count()).toBe(0)
  })
})

describe('events', () => {
  test('a click opens one event, its address can be passed on, and Escape closes it', async () => {
    const page = await visit('/events')
    await page.getByRole('table', { name: 'Events, newest first' }).getByRole('button').nth(5).click()
    const pane = page.getByRole('dialog', { name: 'Event' })
    await pane.getByText('Invalid: unknown').waitFor()
    expect(new URL(page.url()).searchParams.get('event')).toBe('evt_7_5')
    await page.keyboard.press('Escape')
    await expect.poll(() => new URL(page.url()).searchParams.get('event')).toBeNull()
  })

  test('a filter of the address is asked of the server and shown as a chip that can be removed', async () => {
    const page = await visit('/events?reason=expired&class=invalid')
    await page.getByRole('button', { name: 'Remove the filter reason' }).waitFor()
    expect(
      site.requests.some(
        (request) => request.includes('events-page') && request.includes('reason=expired') && request.includes('class=invalid'),
      ),
    ).toBe(true)
    await page.getByRole('button', { name: 'Remove the filter reason' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('reason')).toBeNull()
  })

  test('markup in any field of an event stays text', async () => {
    const evil = '<img src=x onerror=fetch("/v1/stolen")><b>"\'`${x}'
    const row = {
      ...event(1, Date.now()),
      id: 'evt_evil_1',
      client: evil,
      route: evil,
      service: evil,
      country: evil,
      requestId: evil,
      owner: evil,
      detail: { [evil]: evil },
      token: { id: evil, kind: 'access', name: evil, owner: evil, state: 'active' },
    }
    site.override = ({ path, query }) => {
      if (path !== '/v1/questions/events-page') return undefined
      return { body: { ...answer('events-page', query), rows: [row], next: undefined } }
    }
    const page = await visit('/events?event=evt_evil_1')
    await page.getByRole('dialog').getByText('onerror').first().waitFor()
    expect(await page.locator('img, b:has(img)').count()).toBe(0)
    expect(site.requests.join(' ')).not.toContain('stolen')
  })

  test('the tail shows what passes the filter; while paused it counts and holds back', async () => {
    const page = await visit('/events?tail=1&class=accepted')
    const table = page.getByRole('table', { name: 'Events, newest first' })
    await table.getByRole('button').first().waitFor()
    const send = (id: string, client: string, name: 'accepted' | 'invalid') =>
      site.send('event', { ...event(0, Date.now()), id, client, class: name })
    await send('evt_live_1', 'first one', 'accepted')
    await table.getByText('first one').waitFor()
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await send('evt_live_2', 'second one', 'accepted')
    await send('evt_live_3', 'of no interest', 'invalid')
    await page.getByText('1 new').waitFor()
    expect(await table.getByText('second one').count()).toBe(0)
    await page.getByRole('button', { name: 'Continue' }).click()
    await table.getByText('second one').waitFor()
    expect(await table.getByText('of no interest').count()).toBe(0)
  })
})

describe('findings', () => {
  test('the list stands by incident, the filter stands in the address, and j and k walk it', async () => {
    const page = await visit('/findings')
    const list = page.getByRole('region', { name: 'Findings by incident, newest first' })
    await list.getByRole('link').first().waitFor()
    expect(await list.getByRole('heading').allInnerTexts()).toEqual(['A guess or a stuffed leaked list that worked'])
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    await page.keyboard.press('Enter')
    await expect.poll(() => new URL(page.url()).pathname).toBe('/findings/fnd_1')
    await page.goBack()
    await page.getByRole('button', { name: 'Load more' }).click()
    await list.getByText('volume-drop').waitFor()
    await page.getByRole('combobox', { name: 'Detector' }).selectOption('replay')
    await expect.poll(() => new URL(page.url()).searchParams.get('detector')).toBe('replay')
    await expect.poll(() => list.getByRole('listitem').filter({ hasText: 'guess-then-hit' }).count()).toBe(0)
    await expect
      .poll(() => site.requests.some((request) => /\/v1\/findings\?.*detector=replay.*state=open/.test(request)))
      .toBe(true)
  })

  test('a finding says first what happened, then baseline and observed, and what would have kept it silent', async () => {
    const page = await visit('/findings/fnd_1')
    const what = page.getByRole('region', { name: 'What happened' })
    await what.getByRole('link', { name: 'token “billing bot” (tok0000000000000)' }).waitFor()
    expect(await what.innerText()).toContain('After 412 failures network 51c2a90be1f04d77 was accepted')
    await page.getByText('Observed 412. Expected 6, with an interval from 1 to 22.').waitFor()
    await page.getByText('the network had been used by 3 other tokens of the owner').waitFor()
    await page.getByText('3.1% of accepted traffic, 7 d').waitFor()
    const technique = page.getByRole('link', { name: 'T1110.004' })
    expect(await technique.getAttribute('href')).toBe('https://attack.mitre.org/techniques/T1110/004/')
    await what.getByRole('link', { name: 'network 51c2a90be1f04d77' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('network')).toBe('51c2a90be1f04d77')
  })

  test('a verdict is sent with its note, and a suppression with its reason, its end and its value', async () => {
    const sent: { readonly path: string; readonly body: unknown }[] = []
    site.override = ({ method, path, body }) => {
      if (method === 'POST') sent.push({ path, body })
      return undefined
    }
    const page = await visit('/findings/fnd_1')
    await page.getByRole('radio', { name: 'Benign' }).check()
    await page.getByLabel('Note').fill('the partner moved house')
    await page.getByRole('button', { name: 'Close with this verdict' }).click()
    await expect.poll(() => sent.length).toBe(1)
    expect(sent[0]).toEqual({
      path: '/v1/findings/fnd_1/triage',
      body: { state: 'closed', verdict: 'benign', note: 'the partner moved house' },
    })
    await page.getByRole('button', { name: 'Suppress…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Which ones').selectOption('any network')
    await dialog.locator('select[name="days"]').selectOption('30')
    await dialog.getByLabel('Reason').fill('their new office')
    const before = Date.now()
    await dialog.getByRole('button', { name: 'Suppress such findings' }).click()
    await dialog.getByText('Suppressed. It can be ended at any time.').waitFor()
    expect(sent[1]).toMatchObject({
      path: '/v1/findings/fnd_1/suppress',
      body: { reason: 'their new office', fact: 'network', anySubject: true },
    })
    const until = /"until":"([^"]+)"/.exec(JSON.stringify(sent[1]))?.[1] ?? ''
    expect(Math.abs(Date.parse(until) - before - 30 * 86_400_000)).toBeLessThan(60_000)
  })

  test('an empty list explains what detectors wait for; a role without findings is told so', async () => {
    site.override = ({ path }) => (path === '/v1/findings' ? { body: { items: [] } } : undefined)
    const page = await visit('/findings')
    await page.getByText('first learn what is ordinary').waitFor()
    await page.getByRole('button', { name: 'Show the last 90 days' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('from')).toBe('now-90d')
    site.override = () => undefined
    site.role = 'viewer'
    const forbidden = await visit('/findings', { expected: [403] })
    await forbidden.getByText('Your role does not show this').waitFor()
  })

  test('a finding that is not there, and a server that fails, say so', async () => {
    const page = await visit('/findings/fnd_99', { expected: [404, 503] })
    await page.getByText('There is no finding of this id here.').waitFor()
    site.override = ({ path }) =>
      path === '/v1/findings' ? problem(503, 'store_unavailable', 'The records do not answer.') : undefined
    const list = await visit('/findings', { expected: [503] })
    await list.getByText('store_unavailable').waitFor()
    site.override = () => undefined
    await list.getByRole('button', { name: 'Try again' }).click()
    await list.getByText('guess-then-hit').waitFor()
    expect(await list.getByText('store_unavailable').count()).toBe(0)
  })

  test('findings stand on the chart of the overview and on the life line of their token', async () => {
    const page = await visit('/')
    const chart = page.getByRole('region', { name: 'Validations by outcome' })
    await chart.getByRole('link', { name: /^After 412 failures/ }).waitFor()
    expect(await chart.locator('svg g[data-severity]').count()).toBeGreaterThanOrEqual(3)
    await page.goto(`${site.url}/tokens/tok0000000000000`)
    await page
      .getByRole('region', { name: 'Life line' })
      .getByRole('link', { name: /^After 412 failures/ })
      .waitFor()
  })

  test('markup in what a finding says stays text', async () => {
    const evil = '<img src=x onerror=fetch("/v1/stolen")>'
    const [one] = findings(Date.now())
    if (!one) throw new Error('no finding is recorded')
    const bad = { ...one, sentence: evil, finds: evil, features: [evil], unless: [evil], parts: [{ text: evil }], note: evil }
    site.override = ({ path }) =>
      path === '/v1/findings/fnd_1'
        ? { body: findingDetail(bad, Date.now()) }
        : path === '/v1/findings'
          ? { body: { items: [bad] } }
          : undefined
    const page = await visit('/findings/fnd_1')
    await page.getByRole('region', { name: 'What happened' }).getByText('onerror').first().waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(site.requests.join(' ')).not.toContain('stolen')
  })
})

describe('the audit screen', () => {
  const verify = async (page: Page) => {
    await page.getByRole('button', { name: 'Verify in this browser' }).click()
    return page.getByRole('region', { name: 'Checked by this browser' })
  }

  test('the browser checks signature, growth and entries by itself, and finds what was changed', async () => {
    const page = await visit('/audit')
    const checked = await verify(page)
    await checked.getByText('50 entries of this page stand in the signed tree').waitFor()
    await checked.getByText('sees the log for the first time').waitFor()
    site.log = await recordedLog(310, Date.now())
    await page.reload()
    await verify(page)
    await checked.getByText('does not continue the one that this browser saw').waitFor()
    expect(await checked.getByText('nothing of it was changed').count()).toBe(0)
  })

  test('growth of the same history is proven; a key of somebody else is refused', async () => {
    const now = Date.now()
    site.log = await recordedLog(300, now)
    const page = await visit('/audit')
    const checked = await verify(page)
    await checked.getByText('first time').waitFor()
    site.log = await recordedLog(420, now)
    await page.reload()
    await verify(page)
    await checked.getByText('nothing of it was changed').waitFor()
    const stranger = { ...site.log.state, vkey: strangersKey() }
    site.override = ({ path }) => (path === '/v1/audit' ? { body: stranger } : undefined)
    await page.reload()
    await verify(page)
    await checked.getByText('is not signed by the log').waitFor()
    expect(await checked.getByText('stand in the signed tree').count()).toBe(0)
  })

  test('an entry that was changed on its way does not stand in the tree', async () => {
    site.override = ({ path }) =>
      path === '/v1/audit/entries'
        ? {
            body: {
              items: site.log.entries.slice(-2).map((entry) => ({ ...entry, raw: entry.raw.replace('leaked', 'manual') })),
            },
          }
        : undefined
    const page = await visit('/audit')
    const checked = await verify(page)
    await checked.getByText('do not stand in the signed tree: 298, 299').waitFor()
    expect(await checked.getByText('stand in the signed tree, byte for byte').count()).toBe(0)
  })

  test('an entry opens with what it shows and hides, as text whatever it holds', async () => {
    const page = await visit('/audit')
    await page.getByRole('region', { name: 'Entries' }).getByRole('button').first().click()
    const pane = page.getByRole('dialog')
    await pane.getByText('Hidden fields').waitFor()
    await pane.getByText('onerror').first().waitFor()
    expect(await pane.locator('img').count()).toBe(0)
    expect(new URL(page.url()).searchParams.get('entry')).toBe('2026:299')
  })
})

describe('settings', () => {
  test('a second person agrees with a note, and the server is asked once', async () => {
    const sent: unknown[] = []
    site.override = ({ method, path, body }) => {
      if (method !== 'POST' || path !== '/v1/approvals/apr_1/give') return undefined
      sent.push(body)
      return { body: { id: 'apr_1', state: 'given' } }
    }
    const page = await visit('/settings')
    await page.getByRole('button', { name: 'Agree' }).click()
    await page.getByLabel('Note').fill('checked with legal')
    await page.getByRole('dialog').getByRole('button', { name: 'Agree' }).click()
    await page.getByText('It is agreed.').waitFor()
    expect(sent).toEqual([{ note: 'checked with legal' }])
  })

  test('an erasure that needs a second person says so, and nothing is claimed to be erased', async () => {
    site.override = ({ method, path }) =>
      method === 'POST' && path === '/v1/subjects/svc-billing/erase'
        ? { status: 202, body: { approval: { id: 'apr_2' } } }
        : undefined
    const page = await visit('/settings?section=privacy')
    await page.getByRole('button', { name: 'Erase' }).click()
    await page.getByLabel('Owner id').fill('svc-billing')
    await page.getByLabel('Why (people read this; no secrets)').last().fill('request 17')
    await page.getByRole('dialog').getByRole('button', { name: 'Erase' }).click()
    await page.getByText('A second person has 24 hours to agree').waitFor()
    expect(await page.getByText('Erased here').count()).toBe(0)
  })

  test('a looked-up address stays out of the address of the page', async () => {
    site.override = ({ path }) =>
      path === '/v1/privacy/pseudonym' ? { body: { pseudonyms: [{ domain: 'network', value: '4242', until: null }] } } : undefined
    const page = await visit('/settings?section=privacy')
    const form = page.getByRole('region', { name: 'Look up an address' })
    await form.getByLabel('Address', { exact: true }).fill('203.0.113.7')
    await form.getByLabel('Why').fill('incident 4')
    await form.getByRole('button', { name: 'Look up an address' }).click()
    await form.getByText('4242').waitFor()
    expect(page.url()).not.toContain('203.0.113.7')
  })
})

describe('reports', () => {
  test('one is made in the chosen form for the window of the page, and the browser saves it', async () => {
    const bodies: unknown[] = []
    site.override = ({ method, path, body }) => {
      if (method !== 'POST' || path !== '/v1/reports/hygiene') return undefined
      bodies.push(body)
      return { body: { rows: 1 } }
    }
    const page = await visit('/reports?from=2026-10-01T00:00:00Z&to=2026-11-01T00:00:00Z')
    await page.getByRole('button', { name: 'Token hygiene' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Form').selectOption('csv')
    await dialog.getByLabel('Window').selectOption('page')
    const saved = page.waitForEvent('download')
    await dialog.getByRole('button', { name: 'Get the file' }).click()
    await dialog.getByText('was made').waitFor()
    await saved
    expect(bodies).toEqual([{ format: 'csv', days: 90, from: Date.UTC(2026, 9, 1), to: Date.UTC(2026, 10, 1) }])
  })
})

describe('every screen', () => {
  const SCREENS = [
    ['overview', '/', 'Newest events'],
    ['findings', '/findings', 'held back: of that many'],
    ['finding', '/findings/fnd_1', 'Other findings of this incident'],
    ['tokens', '/tokens', 'Load more'],
    ['token', '/tokens/tok0000000000006', 'Use after its end'],
    ['events', '/events', 'Load more'],
    ['event', '/events?event=evt_7_5', 'Invalid: unknown'],
    ['audit', '/audit', 'Tokentrail proves what was recorded'],
    ['audit entry', '/audit?entry=2026:299', 'Exact bytes'],
    ['reports', '/reports', 'Token hygiene'],
    ['access', '/settings', 'Your second factor'],
    ['privacy', '/settings?section=privacy', 'dispute'],
    ['retention', '/settings?section=retention', 'case 12'],
    ['detection', '/settings?section=detection', 'Europe/Berlin'],
    ['sign-in', '/sign-in', 'Access token'],
  ] as const
  const MODES = [
    ['light', { colorScheme: 'light' }, { width: 1280, height: 900 }],
    ['dark', { colorScheme: 'dark' }, { width: 1280, height: 900 }],
    ['320 px', { colorScheme: 'light' }, { width: 320, height: 640 }],
    ['forced colours', { forcedColors: 'active' }, { width: 640, height: 640 }],
  ] as const

  test.each(SCREENS)(
    '%s: axe knows no violation, and nothing scrolls sideways, in any theme and width',
    async (name, path, landmark) => {
      site.isSignedIn = name !== 'sign-in'
      const page = await visit(path, { reducedMotion: 'reduce', expected: name === 'sign-in' ? [401] : [] })
      await page.getByText(landmark).first().waitFor()
      for (const [mode, media, viewport] of MODES) {
        await page.emulateMedia(media)
        await page.setViewportSize(viewport)
        await expect.poll(() => page.locator('[aria-busy="true"]').count()).toBe(0)
        // A chart takes its new width with the next frame.
        await expect
          .poll(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), {
            message: `${mode}: scrolls sideways`,
          })
          .toBe(0)
        expect({ mode, violations: await axeViolations(page) }).toEqual({ mode, violations: [] })
      }
    },
  )

  test('the keyboard reaches the content, every control in order, and nothing traps it', async () => {
    const page = await visit('/')
    await page.getByRole('figure', { name: 'Latency over time' }).waitFor()
    const walked: string[] = []
    for (let step = 0; step < 24; step += 1) {
      await page.keyboard.press('Tab')
      walked.push(
        await page.evaluate(
          () =>
            document.activeElement?.getAttribute('aria-label')?.slice(0, 24) ||
            document.activeElement?.textContent?.trim().slice(0, 24) ||
            document.activeElement?.tagName ||
            '',
        ),
      )
    }
    expect(walked.slice(0, 4)).toEqual(['Skip to the content', 'Tokentrail', 'Overview', 'Findings2 open, high or '])
    expect(walked.slice(4, 6)).toEqual(['Tokens', 'Events'])
    expect(new Set(walked).size).toBeGreaterThan(15)
    expect(walked).toContain('Validations by outcome. ')
  })

  test('single keys go places, and can be switched off', async () => {
    const page = await visit('/')
    await page.getByRole('heading', { name: 'Overview', exact: true }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('t')
    await page.getByRole('heading', { name: 'Tokens', exact: true }).waitFor()
    await expect.poll(() => page.title()).toBe('Tokens · Tokentrail')
    await page.keyboard.press('?')
    await page.getByRole('checkbox', { name: 'Single-key shortcuts are on' }).uncheck()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('g')
    await page.keyboard.press('o')
    expect(new URL(page.url()).pathname).toBe('/tokens')
  })

  test('⌘K finds by name and id; of a pasted token only the public id leaves the field', async () => {
    const secret = `${'S'.repeat(43)}aaaaaa`
    const page = await visit('/')
    await page.getByRole('heading', { name: 'Overview', exact: true }).waitFor()
    await page.keyboard.press('Control+k')
    const field = page.getByRole('combobox', { name: 'Find a screen' })
    await field.fill('find')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Findings', exact: true }).waitFor()
    await page.keyboard.press('Control+k')
    await field.fill(`ttk_tok0000000000003_${secret}`)
    await page.keyboard.press('Enter')
    await expect.poll(() => new URL(page.url()).pathname).toBe('/tokens/tok0000000000003')
    await page.keyboard.press('Control+k')
    await field.fill(secret)
    await page.getByText('This may be a secret').waitFor()
    expect(await axeViolations(page)).toEqual([])
    expect(site.requests.join(' ')).not.toContain(secret)
  })

  test('the theme is kept over a reload', async () => {
    const page = await visit('/', { colorScheme: 'light' })
    await page.getByRole('button', { name: 'first admin' }).click()
    await page.getByRole('radio', { name: 'Dark' }).check()
    await page.reload()
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark')
  })
})

describe('the watch itself', () => {
  test('sees a violated policy and a request to elsewhere', async () => {
    const watched = await openPage(browser, site, '/')
    await watched.page.evaluate(() => document.body.insertAdjacentHTML('beforeend', '<p style="color:red">x</p>'))
    await watched.page.evaluate(() => fetch('http://127.0.0.1:9/').catch(() => undefined))
    await expect.poll(() => watched.faults.some((fault) => fault.startsWith('policy: style-src-attr'))).toBe(true)
    await expect.poll(() => watched.faults.some((fault) => fault.startsWith('policy: connect-src'))).toBe(true)
    await watched.close()
  })
})
