import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const STOP_LIMIT_MS = 20_000;

/** A process of ours, with everything that it has written. */
export class RunningProgram {
  output = '';
  private readonly child: ChildProcess;

  constructor(program: string, parameters: readonly string[], folder: string, environment: Record<string, string>) {
    this.child = spawn(program, parameters, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.child.on('error', (error) => (this.output += error.message));
  }

  get isRunning(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Fulfilled with the exit code; null after a signal. */
  async ended(): Promise<number | null> {
    if (this.isRunning) await once(this.child, 'exit');
    return this.child.exitCode;
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    this.child.kill('SIGTERM');
    await this.ended();
    clearTimeout(timer);
  }
}
