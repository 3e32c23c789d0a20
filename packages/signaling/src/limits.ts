/**
 * How much of anything we take from others. A server or a member that sends more wastes its own
 * bytes; what a limit refuses is counted.
 */

/** A stanza, in characters, when it is not an answer that we asked for. */
export const MAX_STANZA_CHARS = 65_536;
/** An answer of our server to our own query: a roster of 50,000 members has about this size. */
export const MAX_ANSWER_CHARS = 8 * 1024 * 1024;
/** An element beyond this ends the stream, because skipping it costs too much. */
export const MAX_SKIPPED_CHARS = 32 * 1024 * 1024;
/** The same for its start tag, which is kept until it ends; more than servers let a client send. */
export const MAX_START_TAG_CHARS = 1024 * 1024;
/** Nesting of elements within a stanza; Jingle needs 5. */
export const MAX_DEPTH = 24;
/** Elements within a stanza; 64 candidates need about 70. */
export const MAX_ELEMENTS = 512;
/** A node record, in bytes. */
export const MAX_RECORD_BYTES = 2048;
/** A handshake message, in bytes. */
export const MAX_HANDSHAKE_BYTES = 8192;
/** Candidates in one stanza. */
export const MAX_CANDIDATES = 64;
/** The reason of an ended session, in characters. */
export const MAX_REASON_CHARS = 256;
/** XEP-0215 services that we keep. */
export const MAX_SERVICES = 64;
/** Members of the group and, separately, available peers that we keep. */
export const MAX_MEMBERS = 100_000;
export const MAX_PEERS = 20_000;
/** Resources of one account, so that one member cannot fill the directory. */
export const MAX_PEERS_PER_ACCOUNT = 64;
