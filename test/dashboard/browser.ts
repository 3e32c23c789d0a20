import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Namespace } from '../lab/index.ts';

/** Pictures go into the docs only when they are asked for: no two runs draw the same pixels. */
const PICTURES = fileURLToPath(
  new URL(process.env['EVIO_PICTURES'] ? '../../docs/images/' : '../output/', import.meta.url),
);

/** A page, and everything in it that must not be. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console, uncaught ones, and requests to elsewhere. */
  readonly faults: string[];
}

/** Debian's Chromium without a screen; WebGL is drawn by the processor. */
export class LabBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #directory: string;

  private constructor(browser: Browser, directory: string) {
    this.#browser = browser;
    this.#directory = directory;
  }

  /** @param namespace where it runs; absent: that of the test. */
  static async start(namespace?: Namespace): Promise<LabBrowser> {
    const directory = await mkdtemp(join(tmpdir(), 'evio-browser-'));
    const program = join(directory, 'chromium');
    const enter = namespace === undefined ? '' : `ip netns exec ${namespace.name} `;
    await writeFile(program, `#!/bin/sh\nexec ${enter}/usr/bin/chromium "$@"\n`);
    await chmod(program, 0o755);
    const browser = await chromium.launch({
      executablePath: program,
      args: ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
    });
    return new LabBrowser(browser, directory);
  }

  /** Opens a tab of its own, with nothing in it; `origin` is where it may send requests. */
  async page(origin: string, options?: BrowserContextOptions): Promise<WatchedPage> {
    const page = await (await this.#browser.newContext(options)).newPage();
    const faults: string[] = [];
    page.on('console', message => {
      if (message.type() === 'error') faults.push(message.text());
    });
    page.on('pageerror', error => faults.push(String(error)));
    page.on('request', request => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) faults.push(url);
    });
    return { page, faults };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Keeps what the page looks like, as `NAME.png`. */
export async function picture(page: Page, name: string): Promise<void> {
  const path = join(PICTURES, `${name}.png`);
  await mkdir(dirname(path), { recursive: true });
  await page.screenshot({ path });
}
