/**
 * A hash table whose keys are 16 bytes of id. The ids stand in one flat array, so that a look-up
 * touches no object before the one it finds: messages are full of ids.
 *
 * Open addressing with linear probing, never more than half full. Ids are hashes themselves, so their
 * first word says where to begin. Nothing is ever taken out.
 */
export class IdTable<Value extends object> {
  /** Four words for each place. */
  #words = new Int32Array(4 * 64);
  #values: (Value | undefined)[] = new Array(64).fill(undefined);
  #size = 0;

  /** The value for the id whose 16 bytes stand at `offset`. */
  get(view: DataView, offset: number): Value | undefined {
    return this.#values[this.#place(view, offset)];
  }

  /** Adds an id, or takes another value for it. */
  set(view: DataView, offset: number, value: Value): void {
    const place = this.#place(view, offset);
    if (this.#values[place] === undefined) this.#size += 1;
    for (let word = 0; word < 4; word += 1) {
      this.#words[4 * place + word] = view.getInt32(offset + 4 * word);
    }
    this.#values[place] = value;
    if (2 * this.#size > this.#values.length) this.#grow();
  }

  /** Where the id is, or else the free place where it belongs. */
  #place(view: DataView, offset: number): number {
    const words = this.#words;
    const values = this.#values;
    const last = values.length - 1;
    const first = view.getInt32(offset);
    const second = view.getInt32(offset + 4);
    const third = view.getInt32(offset + 8);
    const fourth = view.getInt32(offset + 12);
    for (let place = first & last; ; place = (place + 1) & last) {
      const at = 4 * place;
      const same =
        words[at] === first &&
        words[at + 1] === second &&
        words[at + 2] === third &&
        words[at + 3] === fourth;
      if (same || values[place] === undefined) return place;
    }
  }

  #grow(): void {
    const words = this.#words;
    const values = this.#values;
    this.#words = new Int32Array(2 * words.length);
    this.#values = new Array(2 * values.length).fill(undefined);
    this.#size = 0;
    const id = new DataView(new ArrayBuffer(16));
    values.forEach((value, place) => {
      if (value === undefined) return;
      for (let word = 0; word < 4; word += 1) id.setInt32(4 * word, words[4 * place + word] ?? 0);
      this.set(id, 0, value);
    });
  }
}
