/**
 * The data of server-sent events (WHATWG HTML §9.2.6), as far as the agent uses them: LF line ends,
 * no ids. `EventSource` would do this, but cannot send the token in a header.
 */
export class EventParser {
  #rest = '';

  /** Takes a piece of the stream; returns the data of the events that it completes. */
  push(piece: string): string[] {
    const blocks = (this.#rest + piece).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap(block => {
      const lines = block.split('\n').filter(line => line.startsWith('data:'));
      return lines.length === 0 ? [] : [lines.map(line => line.slice(5).trimStart()).join('\n')];
    });
  }
}
