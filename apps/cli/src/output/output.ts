import type { Writable } from 'node:stream';
import picocolors from 'picocolors';
import { printable } from './printable.js';

export type Colors = ReturnType<typeof picocolors.createColors>;

export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface OutputOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** One JSON document on stdout, nothing else. */
  readonly json: boolean;
  /** Null: only on a terminal. */
  readonly colors: boolean | null;
}

/** Where a command writes: results to stdout, all the rest to stderr. */
export class Output {
  readonly json: boolean;
  /** For what goes to stdout. */
  readonly colors: Colors;
  /** For what goes to stderr. */
  readonly noteColors: Colors;

  constructor(private readonly options: OutputOptions) {
    const { stdout, stderr, json, colors } = options;
    this.json = json;
    this.colors = picocolors.createColors(!json && (colors ?? stdout.isTTY === true));
    this.noteColors = picocolors.createColors(!json && (colors ?? stderr.isTTY === true));
  }

  /** Columns of the terminal that results go to; null where they don't go to a terminal. */
  get width(): number | null {
    const { stdout } = this.options;
    return stdout.isTTY === true ? (stdout.columns ?? 80) : null;
  }

  get isTerminal(): boolean {
    return this.options.stdout.isTTY === true;
  }

  /** May notes move the cursor? */
  get hasLiveNotes(): boolean {
    return this.options.stderr.isTTY === true && !this.json;
  }

  get noteStream(): OutputStream {
    return this.options.stderr;
  }

  /** A command's result: the service's answer with `--json`, otherwise `text`. */
  result(answer: unknown, text: () => string): void {
    this.line(this.json ? JSON.stringify(answer, null, 2) : text());
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  write(text: string): void {
    this.options.stdout.write(text);
  }

  /** What is good to know beside the result. */
  note(text: string): void {
    if (!this.json) this.options.stderr.write(`${text}\n`);
  }

  /** Somebody else's text, such as a model's: on a terminal without anything that could command it. */
  foreign(text: string): string {
    return this.isTerminal ? printable(text) : text;
  }
}
