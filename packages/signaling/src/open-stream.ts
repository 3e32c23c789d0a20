import { connect } from './connect.ts';
import type { ClientCertificate } from './dial.ts';
import type { Target } from './service.ts';
import { findTargets, type ResolveSrv, systemResolveSrv } from './srv.ts';
import { XmlStream, type XmlStreamOptions } from './xml-stream.ts';

/** For the SRV records, in milliseconds; without them there is still the domain itself. */
const DNS_MS = 5000;

export interface OpenStreamOptions extends Omit<XmlStreamOptions, 'socket'> {
  /** Where the user says that the server is; else DNS says it. */
  readonly target: Target | undefined;
  readonly resolveSrv: ResolveSrv | undefined;
  readonly ca: string | undefined;
  readonly certificate: ClientCertificate | undefined;
  /** For each address of the server, in milliseconds. */
  readonly connectMs: number;
  /** Random, in [0, 1). */
  readonly fraction: () => number;
  readonly stop: AbortSignal;
}

/**
 * Finds the server of a domain and connects to it.
 *
 * @throws EvioError as `dial` does
 */
export async function openStream(
  options: OpenStreamOptions,
): Promise<{ readonly stream: XmlStream; readonly target: Target }> {
  const { domain, ca, certificate, stop } = options;
  const targets = options.target ? [options.target] : await lookUp(options);
  const dialOptions = { domain, ca, certificate, timeoutMs: options.connectMs };
  const { socket, target } = await connect(targets, dialOptions, stop);
  return { stream: new XmlStream({ ...options, socket }), target };
}

function lookUp({ domain, resolveSrv, fraction, stop }: OpenStreamOptions): Promise<Target[]> {
  const patience = AbortSignal.any([stop, AbortSignal.timeout(DNS_MS)]);
  return findTargets(domain, resolveSrv ?? systemResolveSrv, fraction, patience);
}
