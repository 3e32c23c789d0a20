import { EvioError } from '@evio/types';
import type { Contexts } from './answered-initiation.ts';
import { type AgreementKey, agree, agreementKey, KEY_BYTES, type Random } from './curve25519.ts';
import {
  contextHash,
  decodeInitiation,
  decodeInitiationPayload,
  decodeResponse,
  decodeResponsePayload,
  encodeInitiation,
  encodeInitiationPayload,
  encodeResponse,
  encodeResponsePayload,
  prologue,
  type TransportCipher,
} from './handshake-message.ts';
import type { Identity } from './identity.ts';
import { Mac1 } from './mac1.ts';
import type { NodeRecord } from './node-record.ts';
import { CHACHA_POLY } from './noise-cipher.ts';
import { NoiseInitiator, NoiseResponder, type NoiseResult } from './noise-ikpsk2.ts';
import type { TimestampGuard } from './timestamp-guard.ts';

/** Length of an overlay's pre-shared secret in bytes. */
export const PSK_BYTES = 32;

/** A session both sides agreed on, as the datapath installs it. */
export interface AgreedSession {
  /** In datagrams to us. */
  readonly localIndex: number;
  /** In datagrams to the peer. */
  readonly remoteIndex: number;
  /** 32 bytes. */
  readonly sendKey: Uint8Array;
  /** 32 bytes. */
  readonly receiveKey: Uint8Array;
  readonly cipher: TransportCipher;
  readonly role: 'initiator' | 'responder';
}

/** An initiation under way: its datagram, and what turns the response into a session. */
export interface PendingInitiation {
  readonly localIndex: number;
  /** The datagram 0xC1. */
  readonly bytes: Uint8Array;
  /**
   * Reads the response. A failure leaves the initiation waiting for the right one.
   *
   * @throws EvioError `MESSAGE_INVALID`, `MAC1_INVALID`, `DECRYPT_FAILED`, `KEY_WEAK`,
   * `CONTEXT_MISMATCH` or `CIPHER_REFUSED`.
   */
  finish(datagram: Uint8Array, replyContext: Uint8Array | undefined): AgreedSession;
}

/** What the handshakes of one pair of nodes in one overlay have in common. */
export interface PairOptions {
  readonly identity: Identity;
  readonly overlay: string;
  readonly peer: NodeRecord;
  /** The overlay's pre-shared secret, 32 bytes; absent is 32 zero bytes, as in WireGuard. */
  readonly psk?: Uint8Array;
  /** Whether this host does AES in hardware; AES-256-GCM is used only when both do. */
  readonly aesHardware: boolean;
  readonly random: Random;
  /** TAI64N, ever greater: `() => clock.next()` of the node's one `InitiationClock`. */
  readonly nextTimestamp: () => Uint8Array;
}

/**
 * Makes and reads the handshake datagrams between this node and one peer. Holds keys but no state:
 * what is under way is {@link PendingInitiation}, what was seen is the caller's guard.
 */
export class PairHandshake {
  readonly #options: PairOptions;
  readonly #psk: Uint8Array;
  readonly #macToPeer: Mac1;
  readonly #macToUs: Mac1;
  #staticSecret: Uint8Array | undefined;

  /** @throws EvioError `PSK_LENGTH` when `psk` is not 32 bytes. */
  constructor(options: PairOptions) {
    const { psk = new Uint8Array(PSK_BYTES), overlay, identity, peer } = options;
    if (psk.length !== PSK_BYTES) {
      throw new EvioError('PSK_LENGTH', `expected a psk of ${PSK_BYTES} bytes, got ${psk.length}`);
    }
    this.#options = options;
    this.#psk = psk;
    this.#macToPeer = new Mac1(overlay, peer.staticPublic);
    this.#macToUs = new Mac1(overlay, identity.staticPublic);
  }

  /** Makes an initiation; `context` is what the prologue binds beside the names. */
  initiate(localIndex: number, context: Uint8Array | undefined): PendingInitiation {
    const { identity, overlay, peer, aesHardware, nextTimestamp } = this.#options;
    const payload = encodeInitiationPayload({
      aesHardware,
      initiator: identity.nodeId,
      timestamp: nextTimestamp(),
    });
    const { message, initiator } = NoiseInitiator.start(
      { cipher: CHACHA_POLY, prologue: prologue(overlay, peer.id, context) },
      identity.agreement,
      peer.staticPublic,
      this.#ephemeral(),
      payload,
      this.#sharedStatic(),
    );
    const bytes = encodeInitiation({ senderIndex: localIndex, noise: message }, body =>
      this.#macToPeer.of(body),
    );
    return {
      localIndex,
      bytes,
      finish: (datagram, replyContext) =>
        this.#finish(localIndex, initiator, datagram, replyContext),
    };
  }

  /**
   * Reads an initiation and answers it.
   *
   * @param guard refuses what was answered before; moved on only by an authentic one.
   * @throws EvioError `MESSAGE_INVALID`, `MAC1_INVALID`, `DECRYPT_FAILED`, `KEY_WEAK`, `WRONG_PEER` or
   * `REPLAYED`.
   */
  accept(
    datagram: Uint8Array,
    contexts: Contexts,
    guard: TimestampGuard,
    allocateIndex: () => number,
  ): { bytes: Uint8Array; session: AgreedSession } {
    const { identity, overlay, peer, aesHardware } = this.#options;
    const initiation = decodeInitiation(datagram);
    this.#expectMac(datagram);
    const setup = {
      cipher: CHACHA_POLY,
      prologue: prologue(overlay, identity.nodeId, contexts.context),
    };
    const responder = NoiseResponder.open(setup, identity.agreement, initiation.noise);
    if (Buffer.compare(responder.initiator, peer.staticPublic) !== 0) {
      throw new EvioError('WRONG_PEER', `expected an initiation with the key of ${peer.id}`);
    }
    const opened = responder.authenticate(this.#sharedStatic());
    const payload = decodeInitiationPayload(opened.payload);
    if (payload.initiator !== peer.id) {
      throw new EvioError('WRONG_PEER', `expected an initiation of ${peer.id}`);
    }
    if (!guard.isFresh(payload.timestamp)) {
      throw new EvioError(
        'REPLAYED',
        `this initiation of ${peer.id} was answered before, or is too old`,
      );
    }
    guard.accept(payload.timestamp);

    const cipher = payload.aesHardware && aesHardware ? 'aes-256-gcm' : 'chacha20-poly1305';
    const reply = encodeResponsePayload({
      cipher,
      replyContext: contextHash(contexts.replyContext),
    });
    const { message, result } = opened.answer(this.#ephemeral(), this.#psk, reply);
    const localIndex = allocateIndex();
    const remoteIndex = initiation.senderIndex;
    const bytes = encodeResponse(
      { receiverIndex: remoteIndex, senderIndex: localIndex, noise: message },
      body => this.#macToPeer.of(body),
    );
    return { bytes, session: agreed(localIndex, remoteIndex, cipher, 'responder', result) };
  }

  #finish(
    localIndex: number,
    initiator: NoiseInitiator,
    datagram: Uint8Array,
    replyContext: Uint8Array | undefined,
  ): AgreedSession {
    const response = decodeResponse(datagram);
    this.#expectMac(datagram);
    const { payload, result } = initiator.finish(response.noise, this.#psk);
    const { cipher, replyContext: bound } = decodeResponsePayload(payload);
    if (Buffer.compare(bound, contextHash(replyContext)) !== 0) {
      throw new EvioError('CONTEXT_MISMATCH', 'the answer’s credentials are not the peer’s own');
    }
    if (cipher === 'aes-256-gcm' && !this.#options.aesHardware) {
      throw new EvioError('CIPHER_REFUSED', 'the peer chose a cipher that was not offered');
    }
    return agreed(localIndex, response.senderIndex, cipher, 'initiator', result);
  }

  #expectMac(datagram: Uint8Array): void {
    if (!this.#macToUs.matches(datagram)) {
      throw new EvioError('MAC1_INVALID', 'handshake: mac1 is not for this node and overlay');
    }
  }

  #ephemeral(): AgreementKey {
    return agreementKey(this.#options.random(KEY_BYTES));
  }

  /** The agreement of both static keys: the same in every handshake, so computed once. */
  #sharedStatic(): Uint8Array {
    const { identity, peer } = this.#options;
    this.#staticSecret ??= agree(identity.agreement, peer.staticPublic);
    return this.#staticSecret;
  }
}

function agreed(
  localIndex: number,
  remoteIndex: number,
  cipher: TransportCipher,
  role: AgreedSession['role'],
  { sendKey, receiveKey }: NoiseResult,
): AgreedSession {
  return { localIndex, remoteIndex, sendKey, receiveKey, cipher, role };
}
