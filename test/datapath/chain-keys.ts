/** The key with which one node of a namespace-chain.ts seals what it sends to another. */
export function keyOf(from: number, to: number): Uint8Array {
  return new Uint8Array(32).fill(16 * from + to);
}

/** What a node calls its session with another. */
export function sessionIndex(node: number, other: number): number {
  return 16 * node + other;
}
