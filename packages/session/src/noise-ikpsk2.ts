import { EvioError } from '@evio/types';
import { type AgreementKey, agree, KEY_BYTES } from './curve25519.ts';
import { type NoiseCipher, TAG_BYTES } from './noise-cipher.ts';
import { SymmetricState } from './noise-symmetric.ts';

/*
 * Noise IKpsk2 (revision 34, §7.5 and §9), the pattern of WireGuard:
 *
 *   <- s                        the initiator knows the responder's static key from its node record
 *   ...
 *   -> e, es, s, ss             message 1
 *   <- e, ee, se, psk           message 2
 */

/** Bytes of message 1 without its payload: e, sealed s, tag of the payload. */
export const MESSAGE_1_OVERHEAD = KEY_BYTES + (KEY_BYTES + TAG_BYTES) + TAG_BYTES;

/** Bytes of message 2 without its payload: e, tag of the payload. */
export const MESSAGE_2_OVERHEAD = KEY_BYTES + TAG_BYTES;

/** What a completed handshake leaves. */
export interface NoiseResult {
  /** 32 bytes, this side to the other. */
  readonly sendKey: Uint8Array;
  /** 32 bytes, the other side to this. */
  readonly receiveKey: Uint8Array;
  /** 32 bytes, equal on both sides and different for every handshake. */
  readonly handshakeHash: Uint8Array;
}

/** What both sides must agree on before the first byte. */
export interface NoiseSetup {
  readonly cipher: NoiseCipher;
  /** Bytes both sides know; a difference makes the first message fail to open. */
  readonly prologue: Uint8Array;
}

/** The initiator between message 1 and message 2. */
export class NoiseInitiator {
  readonly #state: SymmetricState;
  readonly #own: AgreementKey;
  readonly #ephemeral: AgreementKey;

  private constructor(state: SymmetricState, own: AgreementKey, ephemeral: AgreementKey) {
    this.#state = state;
    this.#own = own;
    this.#ephemeral = ephemeral;
  }

  /**
   * Writes message 1.
   *
   * @param staticSecret the agreement of both static keys when the caller has it already; it is the
   * same for every handshake of the pair.
   */
  static start(
    setup: NoiseSetup,
    own: AgreementKey,
    responder: Uint8Array,
    ephemeral: AgreementKey,
    payload: Uint8Array,
    staticSecret = agree(own, responder),
  ): { message: Uint8Array; initiator: NoiseInitiator } {
    const state = begin(setup, responder);
    mixEphemeral(state, ephemeral.publicKey);
    state.mixKey(agree(ephemeral, responder)); // es
    const sealedStatic = state.encryptAndHash(own.publicKey); // s
    state.mixKey(staticSecret); // ss
    const sealedPayload = state.encryptAndHash(payload);
    return {
      message: Buffer.concat([ephemeral.publicKey, sealedStatic, sealedPayload]),
      initiator: new NoiseInitiator(state, own, ephemeral),
    };
  }

  /**
   * Reads message 2. May be called again after a failure: a forged answer changes nothing.
   *
   * @throws EvioError `DECRYPT_FAILED`, `KEY_WEAK` or `MESSAGE_LENGTH`.
   */
  finish(message: Uint8Array, psk: Uint8Array): { payload: Uint8Array; result: NoiseResult } {
    expectLength(message, MESSAGE_2_OVERHEAD);
    const state = this.#state.clone();
    const ephemeral = message.subarray(0, KEY_BYTES);
    mixEphemeral(state, ephemeral);
    state.mixKey(agree(this.#ephemeral, ephemeral)); // ee
    state.mixKey(agree(this.#own, ephemeral)); // se
    state.mixKeyAndHash(psk);
    const payload = state.decryptAndHash(message.subarray(KEY_BYTES));
    const [sendKey, receiveKey] = state.split();
    return { payload, result: { sendKey, receiveKey, handshakeHash: state.handshakeHash } };
  }
}

/** The responder after the initiator's static key was opened: who claims to call, not yet proven. */
export class NoiseResponder {
  /** The initiator's static public key, 32 bytes. */
  readonly initiator: Uint8Array;
  readonly #state: SymmetricState;
  readonly #own: AgreementKey;
  readonly #remoteEphemeral: Uint8Array;
  readonly #sealedPayload: Uint8Array;

  private constructor(
    state: SymmetricState,
    own: AgreementKey,
    remoteEphemeral: Uint8Array,
    initiator: Uint8Array,
    sealedPayload: Uint8Array,
  ) {
    this.#state = state;
    this.#own = own;
    this.#remoteEphemeral = remoteEphemeral;
    this.initiator = initiator;
    this.#sealedPayload = sealedPayload;
  }

  /**
   * Reads message 1 as far as the initiator's static key. Costs one agreement.
   *
   * @throws EvioError `DECRYPT_FAILED`, `KEY_WEAK` or `MESSAGE_LENGTH`.
   */
  static open(setup: NoiseSetup, own: AgreementKey, message: Uint8Array): NoiseResponder {
    expectLength(message, MESSAGE_1_OVERHEAD);
    const state = begin(setup, own.publicKey);
    const ephemeral = message.slice(0, KEY_BYTES);
    mixEphemeral(state, ephemeral);
    state.mixKey(agree(own, ephemeral)); // es
    const end = KEY_BYTES + KEY_BYTES + TAG_BYTES;
    const initiator = state.decryptAndHash(message.subarray(KEY_BYTES, end)); // s
    return new NoiseResponder(state, own, ephemeral, initiator, message.slice(end));
  }

  /**
   * Proves the initiator's static key and opens message 1's payload.
   *
   * @throws EvioError `DECRYPT_FAILED` or `KEY_WEAK`.
   */
  authenticate(staticSecret = agree(this.#own, this.initiator)): {
    payload: Uint8Array;
    /** Writes message 2. */
    answer: (
      ephemeral: AgreementKey,
      psk: Uint8Array,
      payload: Uint8Array,
    ) => { message: Uint8Array; result: NoiseResult };
  } {
    const opened = this.#state.clone();
    opened.mixKey(staticSecret); // ss
    const payload = opened.decryptAndHash(this.#sealedPayload);
    return {
      payload,
      answer: (ephemeral, psk, reply) => {
        const state = opened.clone();
        mixEphemeral(state, ephemeral.publicKey);
        state.mixKey(agree(ephemeral, this.#remoteEphemeral)); // ee
        state.mixKey(agree(ephemeral, this.initiator)); // se
        state.mixKeyAndHash(psk);
        const sealed = state.encryptAndHash(reply);
        const [receiveKey, sendKey] = state.split();
        return {
          message: Buffer.concat([ephemeral.publicKey, sealed]),
          result: { sendKey, receiveKey, handshakeHash: state.handshakeHash },
        };
      },
    };
  }
}

function begin({ cipher, prologue }: NoiseSetup, responder: Uint8Array): SymmetricState {
  const state = SymmetricState.begin(cipher, `Noise_IKpsk2_25519_${cipher.name}_SHA256`);
  state.mixHash(prologue);
  state.mixHash(responder); // the pre-message "<- s"
  return state;
}

/** The token "e" in a pattern with a pre-shared key (§9.2): it enters hash and key. */
function mixEphemeral(state: SymmetricState, publicKey: Uint8Array): void {
  state.mixHash(publicKey);
  state.mixKey(publicKey);
}

function expectLength(message: Uint8Array, least: number): void {
  if (message.length < least) {
    throw new EvioError(
      'MESSAGE_LENGTH',
      `expected a Noise message of at least ${least} bytes, got ${message.length}`,
    );
  }
}
