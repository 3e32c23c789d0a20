/** A small fast generator (sfc32): the same seed gives the same run on every machine. */
export class SeededRandom {
  #a = 0x9e3779b9;
  #b = 0x243f6a88;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#c = seed | 0;
    for (let round = 0; round < 16; round += 1) this.u32();
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** 0 ≤ x < 1 */
  next(): number {
    return this.u32() / 2 ** 32;
  }

  /** low ≤ x < high */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** A whole number, 0 ≤ x < count. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 1) bytes[at] = this.u32() >>> 24;
    return bytes;
  }
}
