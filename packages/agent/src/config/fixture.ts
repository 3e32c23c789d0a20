import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory with files that configurations name; for tests. */
export interface ConfigDirectory extends Disposable {
  readonly path: string;
  /** Writes a file, with mode 0600 unless said otherwise, and returns its path. */
  write(name: string, content: string, mode?: number): string;
  /** Makes `NAME.crt` and `NAME.key`. */
  makeCertificate(name: string): void;
}

export function configDirectory(): ConfigDirectory {
  const path = mkdtempSync(join(tmpdir(), 'evio-config-'));
  const write = (name: string, content: string, mode = 0o600) => {
    const file = join(path, name);
    writeFileSync(file, content);
    chmodSync(file, mode); // whatever the umask is
    return file;
  };
  write('edge.password', 'correct horse\n');
  return {
    path,
    write,
    makeCertificate: name => {
      const out = ['-keyout', join(path, `${name}.key`), '-out', join(path, `${name}.crt`)];
      const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      execFileSync('openssl', ['req', '-x509', ...kind, ...out, '-subj', `/CN=${name}`], {
        stdio: 'pipe',
      });
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
