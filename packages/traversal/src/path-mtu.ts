/** What a {@link PathMtu} wants done. */
export type PathMtuOutput =
  /** Send an echo request padded to `bytes` of UDP payload, with "don't fragment". */
  | { readonly type: 'probe'; readonly token: number; readonly bytes: number }
  /** Datagrams may be this large from now on (bytes of UDP payload). */
  | { readonly type: 'changed'; readonly bytes: number };

export interface PathMtuOptions {
  /** The largest UDP payload the local interface takes; see {@link udpPayload}. */
  readonly max: number;
  /** Assumed to work until probes tell (RFC 8899 §5.1.2, BASE_PLPMTU). */
  readonly base?: number;
  /** Used when even the base does not work (MIN_PLPMTU). */
  readonly floor?: number;
  /** Measured round trip. Milliseconds. */
  readonly rttMs?: number;
}

/** RFC 8899 §5.1.2. */
const BASE = 1200;
/** IPv4's 576 without IPv4 and UDP headers. IPv6 guarantees 1,280, so its base never fails. */
const FLOOR = 548;
/** RFC 8899 §5.1.2, MAX_PROBES. */
const MAX_PROBES = 3;
/** RFC 8899 §5.1.1, PMTU_RAISE_TIMER. Milliseconds. */
const RAISE_INTERVAL = 600_000;
/** RFC 8899 §5.1.1, CONFIRMATION_TIMER: whether what is used still gets through. Milliseconds. */
const CONFIRM_INTERVAL = 30_000;
/** How long to wait when nothing gets through, before asking again. Milliseconds. */
const DOWN_INTERVAL = 1000;
/** Probes' tokens are the upper half of 32 bits, so that a caller's own echoes can have the lower. */
const FIRST_TOKEN = 2 ** 31;
/** The search ends when it knows the size to this. Bytes. */
const PRECISION = 4;
/** Sizes tried at the same time. */
const WIDTH = 4;
/** MTUs that are common on real paths: Ethernet, PPPoE, GRE, tunnels, IPv6's least. */
const COMMON_MTUS = [1500, 1492, 1476, 1420, 1400, 1280];
/** Below this a lost probe is not told from a late one. Milliseconds. */
const MIN_TIMEOUT = 100;

/** UDP payload that fits an MTU: IP and UDP headers off, and 4 bytes of ChannelData on a relay. */
export function udpPayload(mtu: number, family: 4 | 6, channelData = false): number {
  return mtu - (family === 4 ? 20 : 40) - 8 - (channelData ? 4 : 0);
}

interface Probe {
  readonly bytes: number;
  readonly tokens: Set<number>;
  /**
   * `search`: is this larger size possible? `confirm`: does the size in use still work? `beacon`:
   * does anything get through? Without an answer to it, the loss of the others tells nothing.
   */
  readonly purpose: 'search' | 'confirm' | 'beacon';
  readonly startedAt: number;
  tries: number;
  nextAt: number;
}

/**
 * Finds the largest datagram that a path carries (RFC 8899, DPLPMTUD for UDP payloads). Starts at
 * the base, tries several sizes at once and narrows down; ICMP is not needed. Notices when what is
 * in use stops getting through (a black hole) and goes back to the base. Sans-IO.
 *
 * @example
 * const mtu = new PathMtu(now, { max: udpPayload(1500, 4), rttMs: 20 });
 * for (let out = mtu.poll(); out; out = mtu.poll())
 *   if (out.type === 'probe') datapath.probe(peer, out.token, out.bytes);
 *   else datapath.setPathMtu(peer, out.bytes);
 */
export class PathMtu {
  readonly #base: number;
  readonly #floor: number;
  readonly #outputs: PathMtuOutput[] = [];
  readonly #probes = new Map<number, Probe>();
  #max: number;
  #rttMs: number;
  #current: number;
  /** Known to work. */
  #low: number;
  /** Known or believed not to work. */
  #high: number;
  #nextToken = FIRST_TOKEN;
  #ackedAt = Number.NEGATIVE_INFINITY;
  #raiseAt: number;
  #confirmAt: number;

  constructor(now: number, { max, base = BASE, floor = FLOOR, rttMs = 100 }: PathMtuOptions) {
    this.#max = max;
    this.#base = Math.min(base, max);
    this.#floor = Math.min(floor, this.#base);
    this.#rttMs = rttMs;
    this.#current = this.#base;
    this.#low = this.#base;
    this.#high = max + 1;
    this.#raiseAt = now + RAISE_INTERVAL;
    this.#confirmAt = Number.POSITIVE_INFINITY;
    this.#confirm(now);
    this.#search(now, this.#firstSizes());
  }

  /** The largest UDP payload to send now. */
  get current(): number {
    return this.#current;
  }

  /** Whether it is still looking for a larger one. */
  get searching(): boolean {
    return this.#has('search');
  }

  /** A new round-trip measurement of the path. */
  setRtt(rttMs: number): void {
    this.#rttMs = rttMs;
  }

  /** The path is another one, or the interface's MTU changed: begin anew. */
  restart(now: number, max = this.#max): void {
    this.#probes.clear();
    this.#max = max;
    this.#low = Math.min(this.#base, max);
    this.#high = max + 1;
    this.#raiseAt = now + RAISE_INTERVAL;
    this.#use(this.#low);
    this.#confirm(now);
    this.#search(now, this.#firstSizes());
  }

  /** Frames stopped arriving: is it the size? */
  verify(now: number): void {
    this.#confirm(now);
    this.tick(now);
  }

  /** An echo reply came: its token, and the size of the request that it answers. */
  onProbeAcked(now: number, token: number): void {
    const entry = [...this.#probes].find(([, { tokens }]) => tokens.has(token));
    if (entry === undefined) return;
    const [key, probe] = entry;
    this.#probes.delete(key);
    // What a smaller probe would tell is known by now.
    for (const [other, { bytes }] of this.#probes)
      if (bytes <= probe.bytes) this.#probes.delete(other);
    this.#ackedAt = now;
    this.#low = Math.max(this.#low, probe.bytes);
    if (this.#low >= this.#high) this.#high = this.#low + 1; // a loss looked like a limit
    if (this.#low > this.#current) this.#use(this.#low);
    this.#confirmAt = now + CONFIRM_INTERVAL;
    this.#narrow(now);
  }

  /** A send failed with EMSGSIZE: `bytes` of payload did not fit. */
  onTooBig(now: number, bytes: number): void {
    this.#tooBig(now, bytes);
  }

  tick(now: number): void {
    for (const [key, probe] of [...this.#probes]) {
      if (now < probe.nextAt || this.#probes.get(key) !== probe) continue;
      if (probe.tries < MAX_PROBES) {
        this.#send(now, probe);
        continue;
      }
      this.#probes.delete(key);
      if (this.#ackedAt < probe.startedAt) this.#pathDown(now);
      else if (probe.purpose === 'confirm') this.#blackHole(now, probe.bytes);
      else if (probe.purpose === 'search') this.#tooBig(now, probe.bytes);
    }
    if (now >= this.#raiseAt) {
      this.#raiseAt = now + RAISE_INTERVAL;
      this.#high = this.#max + 1;
      if (this.#low < this.#max) this.#search(now, this.#firstSizes());
    }
    if (now >= this.#confirmAt) this.#confirm(now);
  }

  nextTimeout(): number {
    let next = Math.min(this.#raiseAt, this.#confirmAt);
    for (const { nextAt } of this.#probes.values()) next = Math.min(next, nextAt);
    return next;
  }

  poll(): PathMtuOutput | undefined {
    return this.#outputs.shift();
  }

  get #timeout(): number {
    return Math.max(MIN_TIMEOUT, 2 * this.#rttMs);
  }

  /** The interface's limit and the common sizes below it. */
  #firstSizes(): number[] {
    const overhead = Math.max(28, 1500 - this.#max);
    const common = COMMON_MTUS.map(mtu => mtu - overhead);
    return [this.#max, ...common.filter(bytes => bytes < this.#max)];
  }

  #search(now: number, sizes: readonly number[]): void {
    const open = sizes.filter(bytes => bytes > this.#low && bytes < this.#high);
    for (const bytes of [...new Set(open)].slice(0, WIDTH + 2)) this.#add(now, bytes, 'search');
    this.#beacon(now);
  }

  #confirm(now: number): void {
    this.#confirmAt = now + CONFIRM_INTERVAL;
    if (this.#has('confirm')) return;
    this.#add(now, this.#current, 'confirm');
    this.#beacon(now);
  }

  #beacon(now: number): void {
    if (!this.#has('beacon')) this.#add(now, this.#floor, 'beacon');
  }

  #has(purpose: Probe['purpose']): boolean {
    return [...this.#probes.values()].some(probe => probe.purpose === purpose);
  }

  #add(now: number, bytes: number, purpose: Probe['purpose']): void {
    const probe: Probe = {
      bytes,
      purpose,
      startedAt: now,
      tokens: new Set(),
      tries: 0,
      nextAt: now,
    };
    this.#probes.set(this.#nextToken, probe);
    this.#send(now, probe);
  }

  #send(now: number, probe: Probe): void {
    const token = this.#nextToken;
    this.#nextToken = token === 2 ** 32 - 1 ? FIRST_TOKEN : token + 1;
    probe.tokens.add(token);
    probe.tries++;
    probe.nextAt = now + this.#timeout;
    this.#outputs.push({ type: 'probe', token, bytes: probe.bytes });
  }

  /** When a round of probes is over: the next, finer one, or the end of the search. */
  #narrow(now: number): void {
    if (this.searching) return;
    const gap = this.#high - this.#low;
    if (gap <= PRECISION) return;
    const sizes = Array.from({ length: WIDTH }, (_, i) =>
      Math.floor(this.#low + (gap * (i + 1)) / (WIDTH + 1)),
    );
    this.#search(now, sizes);
  }

  #tooBig(now: number, bytes: number): void {
    if (bytes > this.#low) {
      this.#high = Math.min(this.#high, bytes);
      for (const [key, probe] of this.#probes) {
        if (probe.bytes >= bytes && probe.purpose === 'search') this.#probes.delete(key);
      }
      this.#narrow(now);
    } else {
      this.#blackHole(now, bytes);
    }
  }

  /** Nothing at all was answered: that says nothing of sizes. Ask again when it may be over. */
  #pathDown(now: number): void {
    this.#probes.clear();
    this.#confirmAt = now + DOWN_INTERVAL;
  }

  /** RFC 8899 §4.3: what worked does not any more. */
  #blackHole(now: number, bytes: number): void {
    this.#probes.clear();
    this.#high = bytes;
    // When the base is what failed, all that is left is the floor (RFC 8899 §5.2, ERROR).
    this.#low = bytes > this.#base ? this.#base : this.#floor;
    this.#use(this.#low);
    this.#confirmAt = now + CONFIRM_INTERVAL;
    if (this.#low > this.#floor) this.#confirm(now);
    this.#narrow(now);
  }

  #use(bytes: number): void {
    if (bytes === this.#current) return;
    this.#current = bytes;
    this.#outputs.push({ type: 'changed', bytes });
  }
}
