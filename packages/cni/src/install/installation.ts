import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EvioError } from '@evio/types';
import { findNativeProgram } from '../native-program.ts';
import { replaceFile } from '../replace-file.ts';
import { type ConflistOptions, conflistText } from './conflist.ts';

/** Where runtimes look (CNI's own defaults). */
export const DEFAULT_BIN_DIR = '/opt/cni/bin';
export const DEFAULT_CONF_DIR = '/etc/cni/net.d';
/** Runtimes take the first by name. */
export const DEFAULT_CONFLIST = '10-evio.conflist';

export interface Places {
  readonly binDir: string;
  readonly confDir: string;
  /** Name of the configuration's file. */
  readonly conflist: string;
}

/** What is installed, and what keeps it from being used. */
export interface InstallationStatus {
  readonly plugin: { readonly file: string; readonly state: 'current' | 'other' | 'missing' };
  readonly conflist: { readonly file: string; readonly state: 'present' | 'missing' };
  /** The configuration that a runtime takes, by its file's name. */
  readonly first: string | undefined;
  readonly problems: readonly string[];
}

/**
 * The plugin and its configuration where a container runtime finds them. Files are replaced by
 * renaming, the configuration last: kubelet calls a node ready as soon as it sees one.
 */
export class Installation {
  readonly #places: Places;
  readonly #shim: string;

  /** `shim`: the executable that is installed as `evio`. */
  constructor(places: Places, shim: string) {
    this.#places = places;
    this.#shim = shim;
  }

  get #plugin(): string {
    return join(this.#places.binDir, 'evio');
  }

  get #conflist(): string {
    return join(this.#places.confDir, this.#places.conflist);
  }

  /**
   * Puts both in place. `portmap` is chained if it is installed, unless `options` say otherwise.
   *
   * @throws EvioError `CNI_INSTALL_FAILED`.
   */
  install(options: ConflistOptions = {}): void {
    const chain = existsSync(join(this.#places.binDir, 'portmap')) ? (['portmap'] as const) : [];
    try {
      replaceFile(this.#plugin, readFileSync(this.#shim), 0o755);
      replaceFile(this.#conflist, conflistText({ chain, ...options }), 0o644);
    } catch (cause) {
      throw failed('install', cause);
    }
  }

  /**
   * Takes both away, the configuration first. The plugin stays where `keepPlugin` says so: pods that
   * still run are removed with it.
   *
   * @throws EvioError `CNI_INSTALL_FAILED`.
   */
  uninstall({ keepPlugin = false } = {}): void {
    try {
      rmSync(this.#conflist, { force: true });
      if (!keepPlugin) rmSync(this.#plugin, { force: true });
    } catch (cause) {
      throw failed('uninstall', cause);
    }
  }

  status(): InstallationStatus {
    const present = existsSync(this.#conflist);
    const plugin = pluginState(this.#plugin, this.#shim);
    const first = list(this.#places.confDir).find(name => /\.(conflist|conf|json)$/.test(name));
    const problems = [
      ...(plugin === 'missing' ? [`${this.#plugin} is missing; run: evio cni install`] : []),
      ...(plugin === 'other'
        ? [`${this.#plugin} is of another version; run: evio cni install`]
        : []),
      ...(present ? [] : [`${this.#conflist} is missing; run: evio cni install`]),
      ...(present && first !== undefined && first !== this.#places.conflist
        ? [`runtimes take ${first} before ${this.#places.conflist}`]
        : []),
    ];
    return {
      plugin: { file: this.#plugin, state: plugin },
      conflist: { file: this.#conflist, state: present ? 'present' : 'missing' },
      first,
      problems,
    };
  }
}

/** The shim that was built with this code. @throws EvioError `CNI_PLUGIN_MISSING`. */
export const findShim = (): string => findNativeProgram('evio-cni');

function pluginState(file: string, shim: string): 'current' | 'other' | 'missing' {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return 'missing';
  return readFileSync(file).equals(readFileSync(shim)) ? 'current' : 'other';
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return []; // the status says that the configuration is missing
  }
}

function failed(what: string, cause: unknown): EvioError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EvioError('CNI_INSTALL_FAILED', `cannot ${what} the CNI plugin: ${why}`, { cause });
}
