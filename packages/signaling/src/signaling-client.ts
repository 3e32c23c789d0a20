import { networkInterfaces } from 'node:os';
import { EvioError } from '@evio/types';
import { BehaviorSubject, Observable, Subject } from 'rxjs';
import { Backoff, type Failure } from './backoff.ts';
import { connect } from './connect.ts';
import { freshCounters, type SignalingCounters } from './counters.ts';
import { PeerDirectory, type PeerEvent } from './directory.ts';
import type { RawIceServer } from './external-services.ts';
import { type Jid, parseJid } from './jid.ts';
import { jingleElement } from './jingle.ts';
import type { LinkMessage } from './link-message.ts';
import { type Login, login } from './login.ts';
import { checkOptions, type SignalingOptions, type SignalingTimes, TIMES } from './options.ts';
import { Outbox } from './outbox.ts';
import { Membership } from './roster.ts';
import type { Credentials } from './sasl.ts';
import type { Target } from './service.ts';
import { Session } from './session.ts';
import { findTargets, systemResolveSrv } from './srv.ts';
import { StreamManagement } from './stream-management.ts';
import { XmlStream } from './xml-stream.ts';

export interface SignalingState {
  readonly state: 'connecting' | 'online' | 'offline';
  /** On the clock of `options.now`, in milliseconds. */
  readonly since: number;
  /** Why we are not online; also while the next attempt runs. */
  readonly error?: EvioError;
  /** When offline: how long until the next attempt, counted from `since`. */
  readonly retryInMs?: number;
}

/** Errors that asking again soon makes worse; see {@link Failure}. */
const REFUSALS: ReadonlySet<string> = new Set([
  'AUTH_FAILED',
  'AUTH_NO_MECHANISM',
  'JID_MISMATCH',
  'PASSWORD_INVALID',
  'RESOURCE_CONFLICT',
  'SERVER_NOT_AUTHENTICATED',
]);

/** After a change of the network: how long a server has to show that the old connection lives. */
const VERIFY_MS = 1000;
/** A connection attempt younger than this is not begun anew when the network changes again. */
const SETTLED_MS = 1000;

function hasAddress(address: string): boolean {
  const mapped = address.replace(/^::ffff:/, '');
  return Object.values(networkInterfaces()).some(list =>
    list?.some(entry => entry.address === address || entry.address === mapped),
  );
}

/**
 * A node's presence on its XMPP server, for one overlay. It stays online for as long as it is
 * started: it connects, logs in, resumes and waits by itself, and {@link state} tells about it.
 *
 * Losing the connection touches nothing but `state`: peers stay, messages are queued.
 *
 * @throws EvioError from the constructor, when the options cannot be right
 */
export class SignalingClient {
  readonly #options: SignalingOptions;
  readonly #account: Jid;
  readonly #target: Target | undefined;
  readonly #times: SignalingTimes;
  readonly #now: () => number;
  readonly #counters = freshCounters();
  readonly #management = new StreamManagement();
  readonly #backoff = new Backoff();
  readonly #directory: PeerDirectory;
  readonly #outbox: Outbox;
  readonly #session: Session;

  readonly #state: BehaviorSubject<SignalingState>;
  readonly #peers = new Subject<PeerEvent>();
  readonly #messages = new Subject<{ from: string; message: LinkMessage }>();
  readonly #iceServers = new BehaviorSubject<readonly RawIceServer[]>([]);

  #running: Promise<void> | undefined;
  /** Stops everything. */
  readonly #stop = new AbortController();
  /** Ends the present wait or connection attempt. */
  #interrupt = new AbortController();
  #attemptSince = 0;
  #stream: XmlStream | undefined;
  #mechanism: string | undefined;
  /** The network changed, so that the next attempt needs no wait. */
  #atOnce = false;
  #timer: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(options: SignalingOptions) {
    const { account, target } = checkOptions(options);
    this.#options = options;
    this.#account = account;
    this.#target = target;
    this.#times = { ...TIMES, ...options.times };
    this.#now = options.now ?? (() => performance.now());
    this.#directory = new PeerDirectory(this.#times);
    this.#outbox = new Outbox(this.#times);
    this.#state = new BehaviorSubject<SignalingState>({ state: 'offline', since: this.#now() });
    this.#session = new Session(parseJid(`${account.bare}/${options.resource}`), {
      account,
      membership: new Membership(account.bare, options.group),
      directory: this.#directory,
      management: this.#management,
      outbox: this.#outbox,
      counters: this.#counters,
      keepalive: this.#times,
      now: this.#now,
      wallNow: () => Date.now(),
      token: () => this.#token(),
      events: {
        peer: event => this.#peers.next(event),
        message: event => this.#messages.next(event),
        iceServers: servers => this.#iceServers.next(servers),
      },
    });
  }

  /** Begins with the present state, then tells each change. */
  get state(): Observable<SignalingState> {
    return this.#state.asObservable();
  }

  get currentState(): SignalingState {
    return this.#state.value;
  }

  /** Begins with those available now, then tells each change. */
  get peers(): Observable<PeerEvent> {
    return new Observable(subscriber => {
      for (const event of this.#directory.current()) subscriber.next(event);
      return this.#peers.subscribe(subscriber);
    });
  }

  /** Messages of members to this node. Each is acknowledged to its sender before it is told here. */
  get messages(): Observable<{ readonly from: string; readonly message: LinkMessage }> {
    return this.#messages.asObservable();
  }

  /** Begins with what is known now; credentials are replaced before they expire. */
  get iceServers(): Observable<readonly RawIceServer[]> {
    return this.#iceServers.asObservable();
  }

  /** Our full JID: the one asked for until the server has bound one. */
  get jid(): string {
    return this.#session.self.full;
  }

  /** The SASL mechanism of the last login. */
  get mechanism(): string | undefined {
    return this.#mechanism;
  }

  counters(): Readonly<SignalingCounters> {
    return { ...this.#counters };
  }

  /** Begins to be online, and returns at once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Says farewell to the server, for at most about two seconds. The client cannot start again. */
  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const stopped = new EvioError('SIGNALING_STOPPED', 'the XMPP client was stopped');
    this.#stop.abort();
    clearTimeout(this.#again);
    this.#session.leave();
    this.#interrupt.abort();
    await this.#stream?.close();
    await this.#running;
    clearTimeout(this.#timer);
    this.#outbox.close(stopped);
    this.#setState({ state: 'offline' });
    for (const subject of [this.#state, this.#peers, this.#messages, this.#iceServers]) {
      subject.complete();
    }
  }

  /**
   * The network changed. A connection whose local address is gone is replaced now, another one has
   * a second to show that it lives; a wait is cut short, except after a refused login.
   */
  reconnect(reason: string): void {
    if (this.#running === undefined || this.#stop.signal.aborted) return;
    const { state, error } = this.#state.value;
    this.#options.logger.debug({ reason, state }, 'network changed');
    this.#backoff.reset();
    if (state === 'online') {
      this.#atOnce = true;
      const address = this.#stream?.localAddress;
      if (address === undefined || !hasAddress(address)) {
        this.#stream?.destroy(new EvioError('XMPP_UNREACHABLE', `network changed: ${reason}`));
        return;
      }
      void this.#session.verify(VERIFY_MS).then(alive => {
        if (alive) this.#atOnce = false;
      });
      this.#arm();
    } else if (state === 'connecting') {
      // The attempt may hang on the network that was; but changes come in flocks.
      const age = this.#now() - this.#attemptSince;
      clearTimeout(this.#again);
      if (age < SETTLED_MS) {
        this.#again = setTimeout(() => this.reconnect(reason), SETTLED_MS - age);
        return;
      }
      this.#atOnce = true;
      this.#interrupt.abort();
      this.#stream?.destroy(new EvioError('XMPP_UNREACHABLE', `network changed: ${reason}`));
    } else if (error === undefined || !REFUSALS.has(error.code)) {
      this.#interrupt.abort();
    }
  }

  /**
   * Announces our node record in presence, now and after each login.
   *
   * @throws EvioError `RECORD_TOO_LARGE`
   */
  announce(record: Uint8Array): void {
    this.#session.announce(record.slice());
  }

  /**
   * Sends a message to a node. While offline it waits in a bounded queue. It is delivered at most
   * once; resolves when the peer's XMPP client has taken it.
   *
   * @param to full JID
   * @throws EvioError `SIGNALING_REFUSED` (the peer or the server says no), `SIGNALING_TIMEOUT`,
   *   `SIGNALING_OFFLINE`, `SIGNALING_LOST`, `SIGNALING_QUEUE_FULL`, `SIGNALING_STOPPED`,
   *   `NOT_A_MEMBER`, `JID_INVALID`, `STANZA_MALFORMED`
   */
  async send(to: string, message: LinkMessage): Promise<void> {
    if (this.#stop.signal.aborted) {
      throw new EvioError('SIGNALING_STOPPED', 'the XMPP client was stopped');
    }
    const answer = this.#session.request(to, peer => jingleElement(message, this.jid, peer));
    this.#arm();
    await answer;
  }

  async #run(): Promise<void> {
    const { logger } = this.#options;
    while (!this.#stop.signal.aborted) {
      this.#interrupt = new AbortController();
      this.#setState({ state: 'connecting', ...this.#lastError() });
      let onlineAt: number | undefined;
      let error: EvioError;
      try {
        error = await this.#live(() => {
          onlineAt = this.#now();
        });
      } catch (cause) {
        // A fault of ours must not end a daemon whose links need no server.
        error =
          cause instanceof EvioError
            ? cause
            : new EvioError('SIGNALING_FAILED', `unexpected: ${String(cause)}`, { cause });
      }
      if (this.#stop.signal.aborted) return;
      this.#counters.failures += 1;
      const failure: Failure = REFUSALS.has(error.code) ? 'refused' : 'transient';
      const onlineMs = onlineAt === undefined ? 0 : this.#now() - onlineAt;
      const step = this.#backoff.next(failure, onlineMs, this.#fraction());
      const retryInMs = this.#atOnce && failure === 'transient' ? 0 : Math.round(step);
      this.#atOnce = false;
      const details = error.code === 'SIGNALING_FAILED' ? { err: error.cause } : {};
      logger.warn({ code: error.code, retryInMs, ...details }, `XMPP offline: ${error.message}`);
      this.#interrupt = new AbortController();
      this.#setState({ state: 'offline', error, retryInMs });
      await this.#sleep(retryInMs);
    }
  }

  /**
   * One connection, from looking for the server to its end.
   *
   * @returns why a connection ended that was online
   * @throws EvioError why it never was
   */
  async #live(online: () => void): Promise<EvioError> {
    this.#attemptSince = this.#now();
    const { stream, ended } = await this.#open();
    try {
      const session = await login(stream, {
        credentials: this.#credentials(),
        resource: this.#options.resource,
        management: this.#management,
        token: () => this.#token(),
      });
      this.#mechanism = session.mechanism;
      await this.#settle(stream, session);
      online();
      this.#setState({ state: 'online' });
      this.#arm();
      return await ended;
    } catch (error) {
      const reason = error instanceof EvioError ? error : undefined;
      stream.destroy(reason ?? new EvioError('XMPP_STREAM', 'the login failed'));
      throw error;
    } finally {
      this.#stream = undefined;
      const reason = new EvioError('XMPP_UNREACHABLE', 'the connection to the server was lost');
      this.#session.suspend(reason);
      this.#arm();
    }
  }

  async #open(): Promise<{ stream: XmlStream; ended: Promise<EvioError> }> {
    const { ca, certificate, resolveSrv } = this.#options;
    const { domain } = this.#account;
    const targets =
      this.#target === undefined
        ? await findTargets(domain, resolveSrv ?? systemResolveSrv, () => this.#fraction())
        : [this.#target];
    const stop = AbortSignal.any([this.#stop.signal, this.#interrupt.signal]);
    const dialOptions = { domain, ca, certificate, timeoutMs: this.#times.connectMs };
    const { socket, target } = await connect(targets, dialOptions, stop);
    const { promise: ended, resolve } = Promise.withResolvers<EvioError>();
    const stream = new XmlStream({
      domain,
      socket,
      stepMs: this.#times.stepMs,
      limitFor: opening => this.#session.limitFor(opening),
      onSkipped: () => {
        this.#counters.oversized += 1;
      },
      onBytes: () => this.#session.heard(),
      onClosed: resolve,
    });
    this.#stream = stream;
    this.#options.logger.debug({ target, tls: socket.getProtocol() }, 'connected to XMPP server');
    return { stream, ended };
  }

  async #settle(stream: XmlStream, session: Login): Promise<void> {
    const { logger } = this.#options;
    const receive = (element: Parameters<Session['receive']>[0]) => {
      this.#session.receive(element);
      this.#arm();
    };
    if (session.kind === 'resumed') {
      this.#counters.resumptions += 1;
      this.#session.resumed(stream, session.again);
      stream.deliver(receive);
      logger.info({ jid: this.jid }, 'XMPP session resumed');
      return;
    }
    this.#counters.logins += 1;
    this.#outbox.renewed(this.#now(), session.fate);
    const begun = this.#session.begin(stream, session.jid);
    stream.deliver(receive);
    this.#arm();
    await begun;
    for (const element of session.early) this.#session.receive(element);
    logger.info({ jid: this.jid, mechanism: session.mechanism }, 'XMPP online');
  }

  #credentials(): Credentials {
    const { password, certificate, allowPlain } = this.#options;
    return {
      account: this.#account.bare,
      username: this.#account.local,
      password,
      hasCertificate: certificate !== undefined,
      allowPlain: allowPlain ?? false,
    };
  }

  /** 128 unpredictable bits as text. */
  #token(): string {
    return Buffer.from(this.#options.random(16)).toString('hex');
  }

  /** In [0, 1). */
  #fraction(): number {
    return Buffer.from(this.#options.random(6)).readUIntBE(0, 6) / 2 ** 48;
  }

  #lastError(): { error?: EvioError } {
    const { error } = this.#state.value;
    return error === undefined ? {} : { error };
  }

  #setState(state: Omit<SignalingState, 'since'>): void {
    this.#state.next({ ...state, since: this.#now() });
  }

  async #sleep(ms: number): Promise<void> {
    const signal = AbortSignal.any([this.#interrupt.signal, this.#stop.signal]);
    if (signal.aborted) return;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Sets the one timer to what is due next. */
  #arm(): void {
    clearTimeout(this.#timer);
    const due = this.#session.nextTimeout();
    if (due === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#session.tick();
        this.#arm();
      },
      Math.max(1, due - this.#now()),
    );
  }
}
