/**
 * What the agent needs of the host around it: its network devices and addresses, its service
 * manager, its log, and that it is the only agent on its state.
 *
 * Small adapters, each with one I/O; what they decide (which `ip` commands, which addresses) is in
 * pure functions beside them.
 */
export { planInterface, type WantedInterface } from './interface-plan.ts';
export { setUpInterface } from './interface-setup.ts';
export {
  CONTAINER_INTERFACES,
  type LocalAddress,
  type LocalAddressOptions,
  localAddresses,
  matchesGlob,
} from './local-addresses.ts';
export { createLogger, type Logger, type LoggerOptions, withoutSecrets } from './logger.ts';
export {
  type CommandResult,
  type RunCommand,
  runCommand,
  runCommandWithin,
} from './run-command.ts';
export {
  createServiceNotifier,
  type ServiceNotifier,
  type ServiceNotifierOptions,
  sendByCommand,
} from './service-notifier.ts';
export { StateLock } from './state-lock.ts';
export { WallClock } from './wall-clock.ts';
