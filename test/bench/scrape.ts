/**
 * Reads metrics as Prometheus does, a few times, and prints what each took: `[{"ms", "bytes"}]`.
 *
 *   node test/bench/scrape.ts URL TIMES
 *
 * It is run in the namespace of the agent, so that one process asks and the start of Node is not timed.
 */
import { get } from 'node:http';

export interface Scrape {
  readonly ms: number;
  readonly bytes: number;
}

const [url = '', times = '1'] = process.argv.slice(2);
const scrapes: Scrape[] = [];
for (let count = 0; count < Number(times); count += 1) scrapes.push(await scrape(url));
console.log(JSON.stringify(scrapes));

function scrape(url: string): Promise<Scrape> {
  const { promise, resolve, reject } = Promise.withResolvers<Scrape>();
  const began = performance.now();
  get(url, response => {
    let bytes = 0;
    response.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
    });
    response.once('error', reject);
    response.once('end', () => {
      if (response.statusCode === 200) resolve({ ms: performance.now() - began, bytes });
      else reject(new Error(`${url} answered ${response.statusCode}`));
    });
  }).once('error', reject);
  return promise;
}
