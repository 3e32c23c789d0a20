import { join, resolve } from 'node:path';
import { checkNodeName } from './names.ts';

/** Where `evio hub` commands look when no `--dir` is given. */
export const DEFAULT_DIR = '/var/lib/evio-hub';

/** The files of a hub. What Prosody and coturn write themselves is under `data` and `state` only. */
export interface Layout {
  readonly dir: string;
  /** Settings, TURN secret, overlays and nodes; mode 0600. */
  readonly settings: string;
  readonly lock: string;
  readonly ca: { readonly certificate: string; readonly key: string };
  readonly prosody: {
    readonly dir: string;
    readonly config: string;
    readonly groups: string;
    readonly modules: string;
    readonly groupsLive: string;
    /** Prosody looks through it for further certificates. */
    readonly certificates: string;
    readonly certificate: string;
    readonly key: string;
    /** Prosody's storage: owned by its user. */
    readonly data: string;
  };
  readonly coturn: {
    readonly dir: string;
    readonly config: string;
    readonly certificate: string;
    readonly key: string;
    /** coturn's database: owned by its user. */
    readonly state: string;
  };
  readonly nodes: string;
}

export function layoutOf(directory: string): Layout {
  const dir = resolve(directory);
  const prosody = join(dir, 'prosody');
  const coturn = join(dir, 'coturn');
  return {
    dir,
    settings: join(dir, 'hub.json'),
    lock: join(dir, '.lock'),
    ca: { certificate: join(dir, 'ca.pem'), key: join(dir, 'ca.key') },
    prosody: {
      dir: prosody,
      config: join(prosody, 'prosody.cfg.lua'),
      groups: join(prosody, 'groups.txt'),
      modules: join(prosody, 'modules'),
      groupsLive: join(prosody, 'modules', 'mod_groups_live.lua'),
      certificates: join(prosody, 'certs'),
      certificate: join(prosody, 'certs', 'xmpp.crt'),
      key: join(prosody, 'certs', 'xmpp.key'),
      data: join(prosody, 'data'),
    },
    coturn: {
      dir: coturn,
      config: join(coturn, 'turnserver.conf'),
      certificate: join(coturn, 'turn.crt'),
      key: join(coturn, 'turn.key'),
      state: join(coturn, 'state'),
    },
    nodes: join(dir, 'nodes'),
  };
}

/** What a node's host needs: copy the folder to `/etc/evio` there. */
export interface NodeFiles {
  readonly dir: string;
  readonly config: string;
  readonly password: string;
  readonly ca: string;
}

export function nodeFiles(layout: Layout, name: string): NodeFiles {
  const dir = join(layout.nodes, checkNodeName(name));
  return {
    dir,
    config: join(dir, 'evio.yaml'),
    password: join(dir, 'password'),
    ca: join(dir, 'ca.pem'),
  };
}
