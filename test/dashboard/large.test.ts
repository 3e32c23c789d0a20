/** The page with a ring of 500 nodes and 5,000 links, each second other ones: how it keeps up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tell } from '../scenarios/cast.ts';
import { LabBrowser, picture } from './browser.ts';
import { LargeRing, LINKS, NODES } from './large-ring.ts';

const SECONDS = 5;

/** For the page: when each frame was drawn, in milliseconds, for so many seconds. */
const frameTimes = (seconds: number) => `new Promise(resolve => {
  const times = [];
  const frame = time => {
    times.push(time);
    if (time - times[0] < ${seconds * 1_000}) requestAnimationFrame(frame);
    else resolve(times);
  };
  requestAnimationFrame(frame);
})`;

test('a ring of 500 nodes and 5,000 links is drawn and kept up to date', async () => {
  await using ring = await LargeRing.serve();
  await using browser = await LabBrowser.start();
  const { origin } = new URL(ring.url);
  const { page, faults } = await browser.page(origin, { viewport: { width: 1280, height: 900 } });
  const opened = performance.now();
  await page.goto(ring.url);
  await page.getByText('499 of 499').waitFor();
  await page.locator('.ring[aria-busy=false] canvas').first().waitFor();
  await page.evaluate('new Promise(requestAnimationFrame)');
  const firstView = performance.now() - opened;
  const frames = await page.evaluate<number[]>(frameTimes(SECONDS));
  const elapsed = ((frames.at(-1) ?? 0) - (frames[0] ?? 0)) / 1_000;
  const gaps = frames.slice(1).map((time, index) => time - (frames[index] ?? time));
  tell(
    `${NODES} nodes, ${LINKS} links: first view after ${firstView.toFixed(0)} ms, then ` +
      `${((frames.length - 1) / elapsed).toFixed(0)} frames a second (longest ${Math.max(...gaps).toFixed(0)} ms)`,
  );
  assert.equal(await page.getByText('needs WebGL').count(), 0);
  await picture(page, 'dashboard-large');
  assert.deepEqual(faults, []);
});
