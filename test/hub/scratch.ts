import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that the servers' users can enter, removed with all in it when disposed. */
export function scratch(): Disposable & { readonly dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'evio-hub-'));
  chmodSync(dir, 0o711);
  return {
    dir,
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}
