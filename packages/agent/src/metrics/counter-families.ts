/**
 * Under which metric each counter of `evio status` stands. What an operator asks for by name has a
 * metric of its own; the others are told apart by a label, so that a new counter in the code needs
 * no change here, and their number is the code's.
 */

/** A counter of Prometheus with its labels. */
export interface Family {
  readonly name: string;
  readonly help: string;
  /** The label that tells the family's counters apart; absent: it holds one counter. */
  readonly label?: 'reason' | 'event';
}

/** One counter's place. */
export interface Place {
  readonly family: Family;
  /** The value of the family's label. */
  readonly value?: string;
}

const single = (name: string, help: string): Family => ({ name, help });

const OWN_FAMILY: Readonly<Record<string, Family>> = {
  rxDatagrams: single('evio_receive_datagrams_total', 'UDP datagrams received.'),
  rxBytes: single('evio_receive_bytes_total', 'UDP payload received, in bytes.'),
  rxFrames: single('evio_receive_frames_total', 'Ethernet frames and segments from peers.'),
  txDatagrams: single('evio_transmit_datagrams_total', 'UDP datagrams sent.'),
  txBytes: single('evio_transmit_bytes_total', 'UDP payload sent, in bytes.'),
  txFrames: single(
    'evio_transmit_frames_total',
    'Ethernet frames to peers; a super-frame counts as one.',
  ),
  forwardsRelayed: single(
    'evio_relayed_frames_total',
    'Frames that this node passed on for others.',
  ),
  floodedFrames: single(
    'evio_flooded_frames_total',
    'Frames of this host that went to all members.',
  ),
  floodCopies: single('evio_flood_copies_total', 'Copies of flooded frames that this node sent.'),
  floodDuplicates: single('evio_flood_duplicates_total', 'Flooded frames that came a second time.'),
};

const DROPPED: Family = {
  name: 'evio_dropped_total',
  help: 'Frames, datagrams and control messages that were not delivered.',
  label: 'reason',
};
const DATAPATH: Family = {
  name: 'evio_datapath_events_total',
  help: 'What else the datapath counts.',
  label: 'event',
};
const HANDSHAKE: Family = {
  name: 'evio_handshakes_refused_total',
  help: 'Handshake datagrams that were not answered.',
  label: 'reason',
};
const STUN: Family = {
  name: 'evio_stun_dropped_total',
  help: 'STUN messages that belong to nothing that was asked.',
  label: 'reason',
};
const SIGNALING: Family = {
  name: 'evio_signaling_events_total',
  help: 'What happened on the connections to the XMPP servers.',
  label: 'event',
};

/** The families by the beginning of a counter's name; what begins with nothing here is the datapath's. */
const BY_PREFIX: readonly (readonly [prefix: string, family: Family])[] = [
  ['drop', DROPPED],
  ['handshake', HANDSHAKE],
  ['stun', STUN],
  ['signaling', SIGNALING],
];

/** `dropUnknownIndex` is `evio_dropped_total{reason="unknown_index"}`. */
export function placeOf(counter: string): Place {
  const own = OWN_FAMILY[counter];
  if (own !== undefined) return { family: own };
  for (const [prefix, family] of BY_PREFIX) {
    if (counter.startsWith(prefix)) return { family, value: snake(counter.slice(prefix.length)) };
  }
  return { family: DATAPATH, value: snake(counter) };
}

export const FAMILIES: readonly Family[] = [
  ...Object.values(OWN_FAMILY),
  ...BY_PREFIX.map(([, family]) => family),
  DATAPATH,
];

function snake(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`).replace(/^_/, '');
}
