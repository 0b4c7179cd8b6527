import { setTimeout as pause } from 'node:timers/promises';
import type { ContainerProcess, Sandbox } from 'modal';
import type { TrainerEnd, TrainerLink, TrainerStreams } from '@claas/trainer-client';
import { modalError, SandboxLostError } from '../errors/modal-errors.js';
import type { SandboxLimits } from './sandbox-limits.js';

export interface SandboxProgram {
  /** May take minutes: a GPU is looked for. */
  readonly acquire: () => Promise<Sandbox>;
  readonly release: (sandbox: Sandbox) => Promise<void>;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workdir: string;
}

const KILLED = 137;
const GRACE_MS = 2_000;
const GRACE_STEP_MS = 100;

/** A trainer in a Sandbox: the protocol over the stdin and stdout of an exec. */
export class SandboxLink implements TrainerLink {
  readonly opened: Promise<void>;
  readonly ended: Promise<TrainerEnd>;
  /** Of the Sandbox's own processes: means nothing here. */
  readonly processId = null;
  private sandbox: Sandbox | null = null;
  private stdin: WritableStreamDefaultWriter<Uint8Array> | null = null;
  private writing: Promise<void> = Promise.resolve();
  private unsent: string[] = [];
  private isKilled = false;
  private open: () => void = () => undefined;
  private finish: (end: TrainerEnd) => void = () => undefined;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly program: SandboxProgram,
    private readonly limits: SandboxLimits,
    private readonly streams: TrainerStreams,
  ) {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
    this.ended = new Promise<TrainerEnd>((resolve) => {
      this.finish = resolve;
    }).then((end) => {
      for (const timer of this.timers) clearInterval(timer);
      if (end instanceof SandboxLostError || this.isKilled) this.leave();
      return end;
    });
    void this.run();
  }

  /** The Sandbox that the trainer runs in, or ran in until it ended by itself; null before there is one and after it is lost. */
  get place(): Sandbox | null {
    return this.isKilled ? null : this.sandbox;
  }

  write(text: string): void {
    const stdin = this.stdin;
    if (stdin === null) {
      this.unsent.push(text);
      return;
    }
    this.writing = this.writing
      .then(() => stdin.write(new TextEncoder().encode(text)))
      .catch((error: unknown) => this.lose(error));
  }

  /** There is no signal for a process in a Sandbox, and what hangs there may hang in the driver: the Sandbox goes. */
  kill(): void {
    if (this.isKilled) return;
    this.isKilled = true;
    const ending = this.sandbox === null ? Promise.resolve() : this.program.release(this.sandbox);
    void ending.then(() => {
      this.finish({ exitCode: null, signal: 'SIGKILL' });
    });
  }

  private async run(): Promise<void> {
    try {
      const sandbox = await this.program.acquire();
      if (this.isKilled) {
        await this.program.release(sandbox);
        return;
      }
      this.sandbox = sandbox;
      const { command, environment: env, workdir } = this.program;
      const exec = await sandbox.exec([...command], { mode: 'binary', workdir, env: { ...env } });
      this.stdin = exec.stdin.getWriter();
      this.open();
      for (const text of this.unsent.splice(0)) this.write(text);
      this.keepAlive(sandbox);
      void this.pump(exec.stderr, this.streams.onLog).catch(() => undefined);
      await this.pump(exec.stdout, this.streams.onOutput);
      this.finish(await this.exitOf(exec, sandbox));
    } catch (error) {
      if (this.stdin === null) this.finish(modalError(error, 'starting the trainer'));
      else await this.lose(error);
    }
  }

  private async pump(stream: ReadableStream<Uint8Array>, onChunk: (chunk: Uint8Array) => void): Promise<void> {
    for await (const chunk of stream) onChunk(chunk);
  }

  /** Empty lines, so that the trainer knows that it is wanted; and a look now and then whether its Sandbox lives. */
  private keepAlive(sandbox: Sandbox): void {
    this.timers.push(
      setInterval(() => {
        this.write('\n');
      }, this.limits.heartbeatMs).unref(),
      setInterval(() => {
        void sandbox.poll().then(
          (code) => {
            if (code !== null) this.finish(new SandboxLostError(`it ended with code ${code}`));
          },
          // Modal's control plane may be away while the Sandbox lives.
          () => undefined,
        );
      }, this.limits.pollMs).unref(),
    );
  }

  /** A trainer that ended by itself, or with its Sandbox: that one may be told a moment later. */
  private async exitOf(exec: ContainerProcess, sandbox: Sandbox): Promise<TrainerEnd> {
    const code = await exec.wait();
    for (let waited = 0; ; waited += GRACE_STEP_MS) {
      const ended = await sandbox.poll().catch(() => null);
      if (ended !== null) return new SandboxLostError(`it ended with code ${ended}`);
      if (code !== KILLED || waited >= GRACE_MS) break;
      await pause(GRACE_STEP_MS);
    }
    return code === KILLED ? { exitCode: null, signal: 'SIGKILL' } : { exitCode: code, signal: null };
  }

  private leave(): void {
    this.sandbox?.detach();
    this.sandbox = null;
  }

  private async lose(error: unknown): Promise<void> {
    const code = (await this.sandbox?.poll().catch(() => null)) ?? null;
    const reason = error instanceof Error ? error.message : String(error);
    this.finish(
      new SandboxLostError(code === null ? `the connection to it broke: ${reason}` : `it ended with code ${code}`),
    );
  }
}
