import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { OutputStream } from '../output/output.js';
import { CHAT_COMMANDS } from './chat-commands.js';

type TerminalStream = Readable & { readonly isTTY?: boolean; setRawMode?: (mode: boolean) => unknown };

/** Lines of a paste come at once; what comes within this is one message. */
const PASTE_GAP_MS = 25;

/** Messages typed on a terminal, with history and editing. */
export class TerminalInput {
  private readonly readline: Interface;
  private readonly lines: string[] = [];
  private isClosed = false as boolean;
  private wake = (): void => undefined;
  private onInterrupt = (): void => undefined;

  constructor(
    private readonly stdin: TerminalStream,
    stdout: OutputStream,
    private readonly prompt: string,
  ) {
    this.readline = createInterface({ input: stdin, output: stdout, prompt, completer: complete, historySize: 200 });
    this.readline.on('line', (line) => {
      this.lines.push(line);
      this.wake();
    });
    this.readline.on('close', () => {
      this.isClosed = true;
      this.wake();
    });
    this.readline.on('SIGINT', () => {
      this.onInterrupt();
    });
    this.rest();
  }

  /** The next message; null when the person leaves (Ctrl-D, or Ctrl-C twice on an empty line). */
  async next(): Promise<string | null> {
    let hasInterrupted = false;
    this.onInterrupt = () => {
      const isEmpty = this.readline.line === '';
      if (isEmpty && hasInterrupted) {
        this.readline.close();
        return;
      }
      hasInterrupted = isEmpty;
      this.clearLine(isEmpty ? '(Ctrl-C again leaves, and so does /quit)' : '');
    };
    this.work();
    this.readline.setPrompt(this.prompt);
    this.readline.prompt();
    const message: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === null) break;
      const continues = line.endsWith('\\');
      message.push(continues ? line.slice(0, -1) : line);
      if (continues) {
        this.readline.setPrompt('… ');
        this.readline.prompt();
        continue;
      }
      await new Promise((resolve) => setTimeout(resolve, PASTE_GAP_MS));
      if (this.lines.length === 0) break;
    }
    this.rest();
    return message.length === 0 ? null : message.join('\n');
  }

  close(): void {
    this.readline.close();
  }

  /** Keys are ours while we ask … */
  private work(): void {
    if (!this.isClosed) this.readline.resume();
    this.stdin.setRawMode?.(true);
  }

  /** … and the terminal's while we answer, so that Ctrl-C reaches the program. */
  private rest(): void {
    this.readline.pause();
    this.stdin.setRawMode?.(false);
  }

  private async line(): Promise<string | null> {
    while (this.lines.length === 0 && !this.isClosed) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.lines.shift() ?? null;
  }

  private clearLine(note: string): void {
    this.readline.write(null, { ctrl: true, name: 'e' });
    this.readline.write(null, { ctrl: true, name: 'u' });
    if (note !== '') process.stdout.write(`\n${note}\n`);
    this.readline.prompt();
  }
}

function complete(line: string): [string[], string] {
  return [
    line.startsWith('/')
      ? CHAT_COMMANDS.filter((command) => command.startsWith(line)).map((command) => `${command} `)
      : [],
    line,
  ];
}
