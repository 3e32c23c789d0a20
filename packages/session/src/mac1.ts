import { timingSafeEqual } from 'node:crypto';
import { MAC1_BYTES } from './handshake-message.ts';
import { hmacSha256, sha256 } from './noise-symmetric.ts';

/*
 * The first MAC of WireGuard's handshake (WireGuard: Next Generation Kernel Network Tunnel, §5.4.4),
 * with HMAC-SHA-256 in place of keyed BLAKE2s. It proves that the sender knows whom it calls, so who
 * merely scans for ports gets no answer and costs one hash instead of a Diffie-Hellman.
 */

/** Computes and checks mac1 of datagrams to one node in one overlay. */
export class Mac1 {
  readonly #key: Uint8Array;

  /** @param receiver X25519 static public key of the datagram's receiver, 32 bytes. */
  constructor(overlay: string, receiver: Uint8Array) {
    // The receiver's length is fixed, so the overlay's end cannot be mistaken.
    this.#key = sha256(new TextEncoder().encode('evio/1 mac1'), receiver, Buffer.from(overlay));
  }

  /** 16 bytes for everything before them. */
  of(bytes: Uint8Array): Uint8Array {
    return hmacSha256(this.#key, bytes).subarray(0, MAC1_BYTES);
  }

  /** Whether the datagram's last 16 bytes are its mac1; in constant time. */
  matches(datagram: Uint8Array): boolean {
    if (datagram.length < MAC1_BYTES) return false;
    const body = datagram.subarray(0, -MAC1_BYTES);
    return timingSafeEqual(this.of(body), datagram.subarray(-MAC1_BYTES));
  }
}
