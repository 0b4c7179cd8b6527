/** Longest line that either side accepts, in characters: a request that carries 100,000 tokens has about a tenth of it. */
export const MAX_LINE_CHARACTERS = 64 * 1024 * 1024;

/**
 * Cuts a byte stream into lines. A character that is split over two chunks is put together again;
 * what follows the last newline is kept for the next chunk. Empty lines are dropped.
 */
export class LineDecoder {
  private readonly decoder = new TextDecoder('utf-8');
  /** Pieces of the unfinished line: joined once, so that a long line in many chunks costs linear time. */
  private pieces: string[] = [];
  private characters = 0;

  /** @throws RangeError when a line is longer than {@link MAX_LINE_CHARACTERS} */
  push(chunk: Uint8Array): string[] {
    const [first = '', ...rest] = this.decoder.decode(chunk, { stream: true }).split('\n');
    this.keep(first);
    const lines: string[] = [];
    for (const piece of rest) {
      lines.push(this.pieces.join(''));
      this.pieces = [];
      this.characters = 0;
      this.keep(piece);
    }
    return lines.filter((line) => line.trim() !== '');
  }

  private keep(piece: string): void {
    this.characters += piece.length;
    if (this.characters > MAX_LINE_CHARACTERS) {
      throw new RangeError(`A line of the trainer protocol is longer than ${MAX_LINE_CHARACTERS} characters.`);
    }
    this.pieces.push(piece);
  }
}
