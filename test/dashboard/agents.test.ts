/** The dashboard of a real agent among three, in a real browser on its host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Agent, Lab } from '../lab/index.ts';
import { allLinked, everybody, join, tell } from '../scenarios/cast.ts';
import { LabBrowser, picture } from './browser.ts';

const LISTEN = '127.0.0.1:9654';
const ORIGIN = `http://${LISTEN}`;

async function urlOf(agent: Agent): Promise<string> {
  return (await agent.command(['dashboard'])).stdout.trim();
}

test('the dashboard shows three agents, to whom the token is given', async t => {
  await using lab = await Lab.create({ hub: true, sites: { lan: { hosts: ['a', 'b', 'c'] } } });
  const [a, b, c] = await join(lab, undefined, config => {
    everybody(config);
    config.dashboard = { listen: LISTEN };
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
      const answers = [fetch('/api/snapshot'), fetch('/api/snapshot', wrong), fetch('/api/events')];
      return (await Promise.all(answers)).map(({ status }) => status);
    });
    assert.deepEqual(statuses, [401, 401, 401]);
    await page.goto(`${ORIGIN}/#token=${'x'.repeat(43)}`);
    await page.reload();
    await page.getByText('the token is wrong').waitFor();
  });

  await t.test('a page from elsewhere gets nothing, not even by leading there', async () => {
    const { page } = await browser.page(ORIGIN);
    await page.goto('data:text/html,<title>elsewhere</title>');
    const answered = page.waitForResponse(`${ORIGIN}/`);
    await page.evaluate(`setTimeout(() => { location.href = '${ORIGIN}/'; })`);
    assert.equal((await answered).status(), 403);
  });

  await t.test('keys are enough to find a node, trace it and go back', async () => {
    const { page, faults } = await browser.page(ORIGIN, { viewport: { width: 1280, height: 900 } });
    await page.goto(url);
    await page.getByRole('rowheader', { name: 'c' }).waitFor();
    assert.equal(new URL(page.url()).hash, '', 'the token is not left in the address bar');
    await page.keyboard.press('/');
    await page.keyboard.type(c.address);
    await page.getByText('1 of 2').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'c', exact: true }).waitFor();
    await page.keyboard.press('t');
    await page.getByText('has a link to it').waitFor();
    await picture(page, 'dashboard-node');
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'c', exact: true }).waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);
  });

  await t.test('it fits a phone, and the dark', async () => {
    const { page, faults } = await browser.page(ORIGIN, {
      viewport: { width: 390, height: 844 },
      colorScheme: 'dark',
    });
    await page.goto(url);
    await page.getByRole('rowheader', { name: 'c' }).waitFor();
    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    assert.equal(overflow, 0, 'nothing to scroll sideways');
    await picture(page, 'dashboard-phone');
    assert.deepEqual(faults, []);
  });

  await t.test('an agent that is killed goes', async () => {
    const { page, faults } = await browser.page(ORIGIN);
    await page.goto(url);
    const row = page.getByRole('rowheader', { name: 'c' });
    await row.waitFor();
    const killed = Date.now();
    await c.kill9();
    await row.waitFor({ state: 'detached', timeout: 90_000 });
    tell(`gone from the page ${Date.now() - killed} ms after kill -9`);
    assert.deepEqual(faults, []);
  });
});
