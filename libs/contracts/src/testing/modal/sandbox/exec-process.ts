import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

export interface ExecExit {
  readonly code: number | null;
  readonly signal: number | null;
}

/** Everything that one file descriptor has said, for readers that come back with an offset. */
class OutputLog {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private isEnded = false;
  private readonly waiting = new Set<() => void>();

  append(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    this.wake();
  }

  end(): void {
    this.isEnded = true;
    this.wake();
  }

  async *read(offset: number, signal: AbortSignal): AsyncIterable<{ data: Buffer }> {
    const wake = (): void => {
      this.wake();
    };
    signal.addEventListener('abort', wake);
    try {
      let at = offset;
      while (!signal.aborted) {
        if (at < this.bytes) {
          const data = Buffer.concat(this.chunks).subarray(at);
          at += data.length;
          yield { data };
        } else if (this.isEnded) {
          return;
        } else {
          await new Promise<void>((resolve) => this.waiting.add(resolve));
        }
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

export interface ExecCommand {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
}

/** A command in a Sandbox: a process of this machine, with a group of its own so that its children end with it. */
export class ExecProcess {
  readonly stdout = new OutputLog();
  readonly stderr = new OutputLog();
  exit: ExecExit | null = null;
  readonly ended: Promise<ExecExit>;
  private readonly child: ChildProcessWithoutNullStreams;
  private written = 0;

  constructor({ argv: [program = '', ...args], env, workdir }: ExecCommand) {
    this.child = spawn(program, args, { cwd: workdir, env: { ...env }, stdio: 'pipe', detached: true });
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.stdout.append(chunk);
    });
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.stderr.append(chunk);
    });
    this.child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.stderr.append(Buffer.from(`${error.message}\n`));
        this.finish({ code: 127, signal: null }, resolve);
      });
      this.child.on('close', (code, signal) => {
        this.finish({ code, signal: signal === null ? null : (SIGNAL_NUMBERS[signal] ?? 15) }, resolve);
      });
    });
  }

  get processId(): number | undefined {
    return this.child.pid;
  }

  /** What comes at an offset that was written already is a repetition, and is left out. */
  async write(offset: number, data: Buffer, eof: boolean): Promise<void> {
    const fresh = data.subarray(Math.max(0, this.written - offset));
    this.written += fresh.length;
    if (fresh.length > 0 && !this.child.stdin.write(fresh) && this.exit === null) {
      await Promise.race([once(this.child.stdin, 'drain'), this.ended]);
    }
    if (eof) this.child.stdin.end();
  }

  kill(): void {
    if (this.exit !== null || this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  }

  private finish(exit: ExecExit, resolve: (exit: ExecExit) => void): void {
    this.exit ??= exit;
    this.stdout.end();
    this.stderr.end();
    resolve(this.exit);
  }
}

const SIGNAL_NUMBERS: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};
