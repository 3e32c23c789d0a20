/**
 * `evio config import`: reads the `config.json` of EdgeVPN.io (both its `CFx` and its later `Broker`
 * form) and writes what means the same here.
 *
 * In: the old text. Out: an `evio.yaml`, the passwords that were in it as files of their own, and a
 * warning for each setting that has no equal.
 *
 * @example
 * const { yaml, secrets, warnings } = importConfig(text, { directory: '/etc/evio', accountOf });
 */
export { type ImportedConfig, type ImportOptions, importConfig } from './import-config.ts';
