/** The dashboard of a real agent among three, in a real browser on its host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Agent, Lab } from '../lab/index.ts';
import { allLinked, everybody, join, tell } from '../scenarios/cast.ts';
import { LabBrowser, picture } from './browser.ts';

const LISTEN = '127.0.0.1:9654';
const ORIGIN = `http://${LISTEN}`;
const DESK = { viewport: { width: 1280, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

async function urlOf(agent: Agent): Promise<string> {
  return (await agent.command(['dashboard'])).stdout.trim();
}

/** Pixels that are beyond the page's right edge. */
const overflow = (page: Page) =>
  page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );

/** Lightness of the text and of what is behind it, 0 to 255. */
const lightness = (page: Page) =>
  page.evaluate<{ text: number; ground: number }>(`(() => {
    const { color, backgroundColor } = getComputedStyle(document.documentElement);
    const mean = text => text.match(/\\d+/g).slice(0, 3).reduce((sum, x) => sum + Number(x), 0) / 3;
    return { text: mean(color), ground: mean(backgroundColor) };
  })()`);

/** Which node's row has the focus. */
const focused = (page: Page) => page.evaluate<string>('document.activeElement.textContent');

test('the dashboard shows three agents, to whom the token is given', async t => {
  await using lab = await Lab.create({ hub: true, sites: { lan: { hosts: ['a', 'b', 'c'] } } });
  const [a, b, c] = await join(lab, undefined, config => {
    everybody(config);
    const map = { a: [52.5, 13.4], b: [48.9, 2.4], c: [40.7, -74] } satisfies Record<
      string,
      [number, number]
    >;
    config.dashboard = { listen: LISTEN, map };
  });
  assert.ok(a && b && c);
  await allLinked([a, b, c]);
  const url = await urlOf(a);
  await using browser = await LabBrowser.start(a.host.namespace);

  await t.test('without the right token it shows nothing', async () => {
    const { page } = await browser.page(ORIGIN);
    await page.goto(`${ORIGIN}/`);
    await page.getByText('evio dashboard').waitFor();
    assert.equal(await page.getByRole('table').count(), 0);
    const statuses = await page.evaluate(async () => {
      const wrong = { headers: { authorization: `Bearer ${'x'.repeat(43)}` } };
      const answers = [
        fetch('/api/snapshot'),
        fetch('/api/snapshot', wrong),
        fetch('/api/events'),
        fetch('/api/examine', { method: 'POST', body: '{"overlay":"edge","node":"b"}' }),
      ];
      return (await Promise.all(answers)).map(({ status }) => status);
    });
    assert.deepEqual(statuses, [401, 401, 401, 401]);
    await page.goto(`${ORIGIN}/#token=${'x'.repeat(43)}`);
    await page.reload();
    await page.getByText('the token does not hold').waitFor();
    await page.goto(url);
    await page.getByRole('rowheader', { name: 'c' }).waitFor();
  });

  await t.test('a page from elsewhere gets nothing, not even by leading there', async () => {
    const { page } = await browser.page(ORIGIN);
    await page.goto('data:text/html,<title>elsewhere</title>');
    const answered = page.waitForResponse(`${ORIGIN}/`);
    await page.evaluate(`setTimeout(() => { location.href = '${ORIGIN}/'; })`);
    assert.equal((await answered).status(), 403);
  });

  await t.test('keys are enough to find a node, trace it and go back', async () => {
    const { page, faults } = await browser.page(ORIGIN, DESK);
    await page.goto(url);
    await page.getByRole('rowheader', { name: 'c' }).waitFor();
    assert.equal(new URL(page.url()).hash, '', 'the token is not left in the address bar');
    await page.locator('.ring[aria-busy=false]').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(page), 'b');
    await page.keyboard.press('End');
    assert.equal(await focused(page), 'c');
    await page.keyboard.press('/');
    await page.keyboard.type(c.address);
    await page.getByText('1 of 2').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const panel = page.getByRole('region', { name: 'Node c' });
    await panel.getByText('in use').waitFor();
    await panel.getByText('A path straight to it was found').waitFor();
    await page.keyboard.press('t');
    await panel.getByText('has a link to it').waitFor();
    await page.evaluate('scrollTo(0, 0)');
    await picture(page, 'dashboard-node');
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'This node' }).getByText('Keys agreed').waitFor();
    assert.deepEqual(faults, []);
  });

  await t.test('a click opens a node, and the map shows where nodes are', async () => {
    const { page, faults } = await browser.page(ORIGIN, DESK);
    await page.goto(url);
    await page.getByRole('button', { name: 'b', exact: true }).click();
    await page.getByRole('heading', { name: 'b', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Map' }).click();
    await page.locator('.sigma-guide.map path').first().waitFor();
    await page.evaluate('scrollTo(0, 0)');
    await picture(page, 'dashboard-map');
    assert.deepEqual(faults, []);
  });

  await t.test('it is light or dark as the browser asks, and follows it', async () => {
    const { page, faults } = await browser.page(ORIGIN, { ...DESK, colorScheme: 'light' });
    await page.goto(url);
    await page.locator('.ring[aria-busy=false]').waitFor();
    const light = await lightness(page);
    assert.ok(light.ground > 230 && light.text < 60, JSON.stringify(light));
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await lightness(page);
    assert.ok(dark.ground < 40 && dark.text > 200, JSON.stringify(dark));
    await picture(page, 'dashboard-dark');
    assert.deepEqual(faults, []);
  });

  await t.test('it fits a phone', async () => {
    const { page, faults } = await browser.page(ORIGIN, { ...PHONE, colorScheme: 'dark' });
    await page.goto(url);
    await page.getByRole('rowheader', { name: 'c' }).waitFor();
    await page.locator('.ring[aria-busy=false]').waitFor();
    assert.equal(await overflow(page), 0, 'nothing to scroll sideways');
    await picture(page, 'dashboard-phone');
    await page.getByRole('button', { name: 'c', exact: true }).tap();
    await page.getByRole('region', { name: 'Node c' }).getByText('in use').waitFor();
    assert.equal(await overflow(page), 0, 'nor with a node opened');
    assert.deepEqual(faults, []);
  });

  await t.test('an agent that is killed leaves the ring in 5 s, not the table', async () => {
    const { page, faults } = await browser.page(ORIGIN);
    await page.goto(url);
    const ring = (nodes: number) => page.getByRole('img', { name: `Ring of ${nodes} nodes` });
    const header = page.getByRole('rowheader', { name: 'c', exact: true });
    const row = page.getByRole('row').filter({ has: header });
    await ring(3).waitFor();
    await row.getByText('direct').waitFor();
    const killed = Date.now();
    await c.kill9();
    const timeout = 5_000;
    await Promise.all([
      ring(2).waitFor({ timeout }),
      row.getByText('not reached').waitFor({ timeout }),
    ]);
    tell(`gone from the ring ${Date.now() - killed} ms after kill -9`);
    const panel = page.getByRole('region', { name: 'This node' });
    await panel.getByRole('button', { name: 'c', exact: true }).click();
    await page.getByRole('region', { name: 'Node c' }).getByText('not reached').waitFor();
    assert.deepEqual(faults, []);
  });

  await t.test('the page of an agent that hangs fades until it goes on', async () => {
    const { page, faults } = await browser.page(ORIGIN);
    await page.goto(url);
    await page.locator('main:not(.stale)').waitFor();
    const stopped = Date.now();
    process.kill(a.pid, 'SIGSTOP');
    try {
      await page.getByText('the agent does not answer').waitFor();
      tell(`the page faded ${Date.now() - stopped} ms after its agent stood still`);
      assert.equal(await page.locator('main.stale').count(), 1);
    } finally {
      process.kill(a.pid, 'SIGCONT');
    }
    await page.locator('main:not(.stale)').waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    assert.deepEqual(faults, []);
  });
});
