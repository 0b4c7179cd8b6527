import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TinkerFault } from './fault-table.js';
import type { TinkerDoubleState } from './tinker-double.js';

export interface TinkerDoubleProcessOptions {
  /** The built program of tools/tinker-double. */
  readonly program: string;
  readonly stateDirectory: string;
  readonly apiKey: string;
  /** More of the program's options. */
  readonly args?: readonly string[];
  /** What computes: `wasm` starts faster than the native library. */
  readonly tensorBackend?: 'auto' | 'tensorflow' | 'wasm';
  /** Starts it again by itself, so long after its death; null leaves that to `restart`. */
  readonly restartAfterMs?: number | null;
}

/** The double in a process of its own, so that it can be killed and stopped for real, and started again at the same address. */
export class TinkerDoubleProcess {
  private child: ChildProcess | null = null;
  private port = 0;
  private isClosing = false;
  private restarting: Promise<void> = Promise.resolve();

  private constructor(private readonly options: TinkerDoubleProcessOptions) {}

  static async start(options: TinkerDoubleProcessOptions): Promise<TinkerDoubleProcess> {
    const double = new TinkerDoubleProcess(options);
    await double.launch();
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Spoils calls to come. */
  async fault(fault: TinkerFault): Promise<void> {
    await this.ask('POST', '/double/faults', fault);
  }

  async clearFaults(): Promise<void> {
    await this.ask('DELETE', '/double/faults');
  }

  /** Forgets sessions, models and sampling sessions, as if heartbeats had never come. */
  async endSessions(): Promise<void> {
    await this.ask('POST', '/double/end_sessions');
  }

  async state(): Promise<TinkerDoubleState> {
    return (await this.ask('GET', '/double')) as TinkerDoubleState;
  }

  kill(): void {
    this.child?.kill('SIGKILL');
  }

  /** Keeps it from doing anything for so long, without ending it. */
  hang(milliseconds: number): void {
    this.child?.kill('SIGSTOP');
    setTimeout(() => this.child?.kill('SIGCONT'), milliseconds);
  }

  /** Resolves when it is there again after its death. */
  async restarted(): Promise<void> {
    await this.restarting;
  }

  async restart(): Promise<void> {
    const { child } = this;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      this.kill();
      await exit;
    }
    await this.restarted();
    if (this.options.restartAfterMs == null) await this.launch();
  }

  async close(): Promise<void> {
    this.isClosing = true;
    await this.restarted();
    if (this.child === null || this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.kill();
    await exit;
  }

  private async launch(): Promise<void> {
    const { program, stateDirectory, apiKey, args = [], tensorBackend = 'auto', restartAfterMs = null } = this.options;
    const own = ['--state', stateDirectory, '--port', String(this.port), '--api-key', apiKey];
    const child = spawn(process.execPath, [program, ...own, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CLAAS_TENSOR_BACKEND: tensorBackend },
    });
    this.child = child;
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
    child.once('exit', () => {
      if (this.isClosing || restartAfterMs === null) return;
      this.restarting = new Promise<void>((resolve) => setTimeout(resolve, restartAfterMs)).then(() =>
        this.isClosing ? undefined : this.launch(),
      );
      this.restarting.catch(() => undefined);
    });
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => {
        reject(new Error(`The double of Tinker ended before it had an address:\n${said}`));
      });
    });
    this.port = Number(new URL(url).port);
  }

  private async ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.url + path, { method, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}.`);
    return response.json();
  }
}
