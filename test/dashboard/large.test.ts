/** The page with a ring of 500 nodes and 5,000 links, each second other ones: how it keeps up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tell } from '../scenarios/cast.ts';
import { LabBrowser, picture } from './browser.ts';
import { LargeRing, LINKS, NODES } from './large-ring.ts';

const SECONDS = 5;

/** In the page: tells when the table and the ring were first drawn, milliseconds after it was asked for. */
const WATCH = `
  window.firstView = new Promise(resolve => {
    const look = () => {
      const ready = document.querySelector('.peers tbody th') && document.querySelector('.ring[aria-busy=false]');
      if (ready) requestAnimationFrame(() => resolve(performance.now()));
      else requestAnimationFrame(look);
    };
    look();
  });
`;

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
  // People open the page in a browser that runs already: the start of its GPU process is not the page's.
  await (await browser.page(origin)).page.screenshot();
  const { page, faults } = await browser.page(origin, { viewport: { width: 1280, height: 900 } });
  await page.addInitScript(WATCH);
  await page.goto(ring.url);
  const firstView = await page.evaluate<number>('firstView');
  await page.getByText('499 of 499').waitFor();
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
