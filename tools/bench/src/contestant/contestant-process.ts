import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ContestantAnswer, ContestantCommand, ContestantCommands } from './messages.js';

/** How a process is started. */
export interface ContestantProgram {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  /** Added to this process's environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What the process said on stderr is kept up to this length, for when it fails. */
const MAX_ERROR_OUTPUT = 4000;

/** A process that is measured. One command at a time; the others of its kind stand still meanwhile. */
export class ContestantProcess {
  private readonly lines: AsyncIterator<string>;
  private errorOutput = '';

  private constructor(
    readonly program: ContestantProgram,
    private readonly child: ChildProcessByStdio<Writable, Readable, Readable>,
  ) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errorOutput = (this.errorOutput + text).slice(-MAX_ERROR_OUTPUT);
    });
    // Writing to a process that has died: that it gives no answer is found out when the answer is read.
    child.stdin.on('error', () => undefined);
  }

  /** @throws Error when the program can't be started */
  static async start(program: ContestantProgram): Promise<ContestantProcess> {
    const child = spawn(program.command, program.arguments, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...program.environment },
    });
    await once(child, 'spawn');
    return new ContestantProcess(program, child);
  }

  /** @throws Error saying what the process said when it reports an error or dies */
  async ask<C extends ContestantCommand>(
    command: C,
    params: ContestantCommands[C]['params'],
  ): Promise<ContestantCommands[C]['result']> {
    this.child.stdin.write(`${JSON.stringify({ command, params })}\n`);
    const line = await this.lines.next();
    if (line.done === true) {
      throw new Error(`${this.program.name} ended while it was asked to ${command}:\n${this.errorOutput}`);
    }
    const answer = JSON.parse(line.value) as ContestantAnswer;
    if ('error' in answer) throw new Error(`${this.program.name} could not ${command}: ${answer.error}`);
    return answer.result as ContestantCommands[C]['result'];
  }

  /** Ends the process and waits for that: only then its memory is free. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** Runs `work` with a fresh process, which ends with it. */
export async function withContestant<T>(
  program: ContestantProgram,
  work: (contestant: ContestantProcess) => Promise<T>,
): Promise<T> {
  const contestant = await ContestantProcess.start(program);
  try {
    return await work(contestant);
  } finally {
    await contestant.stop();
  }
}
