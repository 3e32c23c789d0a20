/** The page with a ring of 500 nodes and 5,000 links, each second other ones: how it keeps up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { tell } from '../scenarios/cast.ts';
import { LabBrowser, picture } from './browser.ts';
import { LargeRing, LINKS, NODES } from './large-ring.ts';

const SECONDS = 5;
/**
 * Far from what is measured (first view after 0.8 to 1.1 s, 53 to 56 frames a second on two cores that
 * others use as well), so that they tell no machine's speed. The page that changed the old graph had 16 to 24
 * frames in each of the tries (docs/decisions.md); a busy machine has time in one of them.
 */
const MOST_FIRST_VIEW_MS = 3_000;
const FEWEST_FRAMES = 25;
const TRIES = 3;

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

interface Pace {
  /** Milliseconds after the page was asked for. */
  readonly firstView: number;
  /** A second, while all that is shown changes each second. */
  readonly frames: number;
  /** Milliseconds between two frames. */
  readonly longest: number;
}

async function paceOf(page: Page, url: string): Promise<Pace> {
  await page.addInitScript(WATCH);
  await page.goto(url);
  const firstView = await page.evaluate<number>('firstView');
  await page.getByText('499 of 499').waitFor();
  const times = await page.evaluate<number[]>(frameTimes(SECONDS));
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const elapsed = gaps.reduce((sum, gap) => sum + gap, 0);
  return { firstView, frames: (1_000 * gaps.length) / elapsed, longest: Math.max(...gaps) };
}

const keepsUp = ({ firstView, frames }: Pace) =>
  firstView <= MOST_FIRST_VIEW_MS && frames >= FEWEST_FRAMES;

test('a ring of 500 nodes and 5,000 links is drawn and kept up to date', async () => {
  await using ring = await LargeRing.serve();
  await using browser = await LabBrowser.start();
  const { origin } = new URL(ring.url);
  // People open the page in a browser that runs already: the start of its GPU process is not the page's.
  await (await browser.page(origin)).page.screenshot();
  const paces: Pace[] = [];
  while (paces.length < TRIES && !paces.some(keepsUp)) {
    const { page, faults } = await browser.page(origin, { viewport: { width: 1280, height: 900 } });
    const pace = await paceOf(page, ring.url);
    paces.push(pace);
    tell(
      `${NODES} nodes, ${LINKS} links: first view after ${pace.firstView.toFixed(0)} ms, then ` +
        `${pace.frames.toFixed(0)} frames a second (longest ${pace.longest.toFixed(0)} ms)`,
    );
    assert.equal(await page.getByText('needs WebGL').count(), 0);
    await picture(page, 'dashboard-large');
    assert.deepEqual(faults, []);
    await page.close();
  }
  assert.ok(paces.some(keepsUp), JSON.stringify(paces));
});
