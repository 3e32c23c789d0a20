import type { IceCredentials } from '@evio/traversal';

/** ICE credentials as the Noise handshake binds them: `ufrag:password` (neither holds a colon). */
export function iceContext({ ufrag, password }: IceCredentials): Uint8Array {
  return new TextEncoder().encode(`${ufrag}:${password}`);
}
