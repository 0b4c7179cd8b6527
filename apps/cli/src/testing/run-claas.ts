import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Interrupts } from '../program/interrupts.js';
import { runCommandLine } from '../program/run-command-line.js';

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly url?: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly interrupts?: Interrupts;
  /** Pretends that the output goes to a terminal of this width. */
  readonly terminalColumns?: number;
}

/** Runs a command line in this process, as the program would. */
export async function runClaas(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { url, stdin = '', env = {}, terminalColumns } = options;
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const terminal = terminalColumns === undefined ? {} : { isTTY: true, columns: terminalColumns };
  const outcome = Promise.all([text(stdout), text(stderr)]);
  // The program reads its address from its own environment.
  const line = url === undefined ? args : ['--url', url, ...args];
  const exitCode = await runCommandLine(line, {
    stdin: Readable.from([stdin]),
    stdout: Object.assign(stdout, terminal),
    stderr: Object.assign(stderr, {}),
    env,
    interrupts: options.interrupts ?? new Interrupts(() => undefined),
  });
  stdout.end();
  stderr.end();
  const [out, err] = await outcome;
  return { exitCode, stdout: out, stderr: err };
}
