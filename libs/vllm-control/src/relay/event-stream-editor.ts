const NEWLINE = 10;
const DATA = 'data:';

/**
 * Edits a stream of server-sent events line by line, as it comes. Lines are Latin-1 readings of bytes, and go out as the
 * bytes that came in, except for the objects that `edit` changes; null leaves an event out. Nothing waits for more than the
 * end of its line.
 */
export class EventStreamEditor {
  private rest: Buffer | null = null;
  /** The blank line after an event that was left out goes with it. */
  private isAfterOmitted = false;

  constructor(private readonly edit: (object: string) => string | null) {}

  /** @returns what can be sent now; may be empty */
  push(chunk: Buffer): Buffer {
    const bytes = this.rest === null ? chunk : Buffer.concat([this.rest, chunk]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    this.rest = end === bytes.length ? null : bytes.subarray(end);
    return end === 0 ? Buffer.alloc(0) : this.lines(bytes.toString('latin1', 0, end));
  }

  /** What is left when the stream ends in the middle of a line. */
  end(): Buffer {
    const rest = this.rest ?? Buffer.alloc(0);
    this.rest = null;
    return rest.length === 0 ? rest : this.lines(rest.toString('latin1'));
  }

  private lines(text: string): Buffer {
    let edited = '';
    for (let from = 0; from < text.length;) {
      const newline = text.indexOf('\n', from);
      const to = newline === -1 ? text.length : newline + 1;
      edited += this.line(text.slice(from, to));
      from = to;
    }
    return Buffer.from(edited, 'latin1');
  }

  private line(line: string): string {
    if (this.isAfterOmitted) {
      this.isAfterOmitted = false;
      if (line.trim() === '') return '';
    }
    const from = line.indexOf('{');
    if (from === -1 || !line.startsWith(DATA)) return line;
    const to = line.lastIndexOf('}') + 1;
    const edited = this.edit(line.slice(from, to));
    this.isAfterOmitted = edited === null;
    return edited === null ? '' : line.slice(0, from) + edited + line.slice(to);
  }
}
