/**
 * Puts the CNI plugin where container runtimes look for it, and says whether it is there. Apart from the
 * service, because `evio cni install` needs nothing of that.
 */
export { type ConflistOptions, conflist, conflistText } from './conflist.ts';
export {
  DEFAULT_BIN_DIR,
  DEFAULT_CONF_DIR,
  DEFAULT_CONFLIST,
  findShim,
  Installation,
  type InstallationStatus,
  type Places,
} from './installation.ts';
