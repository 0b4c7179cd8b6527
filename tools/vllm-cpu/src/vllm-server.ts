import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface ServerRequest {
  /** Of the environment. */
  readonly programs: string;
  readonly modelDirectory: string;
  readonly modelName: string;
  readonly dtype: string;
  readonly port: number;
  readonly rest: readonly string[];
}

const START_LIMIT_MS = 900_000;
const POLL_MS = 1_000;
const END_LIMIT_MS = 15_000;

/** What the serving control needs of a server; `--enable-sleep-mode` is left out, which a CPU refuses: it sleeps without freeing memory. */
export function serverArguments({ modelDirectory, modelName, dtype, port, rest }: ServerRequest): readonly string[] {
  const fixed = {
    '--served-model-name': modelName,
    '--host': '127.0.0.1',
    '--port': String(port),
    '--dtype': dtype,
    '--max-loras': '4',
    '--max-cpu-loras': '32',
    '--max-lora-rank': '64',
    '--max-num-seqs': '16',
  };
  return ['serve', modelDirectory, ...Object.entries(fixed).flat(), '--enable-lora', '--enforce-eager', ...rest];
}

export function serverEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return {
    OMP_NUM_THREADS: '1',
    VLLM_CPU_KVCACHE_SPACE: '1',
    ...env,
    VLLM_SERVER_DEV_MODE: '1',
    VLLM_ALLOW_RUNTIME_LORA_UPDATING: '1',
    VLLM_NO_USAGE_STATS: '1',
    HF_HUB_OFFLINE: '1',
  };
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port was found.');
  return address.port;
}

/** A running `vllm serve` with its worker processes. */
export class VllmServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static start(request: ServerRequest, env: Readonly<Record<string, string | undefined>>): VllmServer {
    // A group of its own: its workers are ended with it.
    const child = spawn(join(request.programs, 'vllm'), serverArguments(request), {
      env: serverEnvironment(env),
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    return new VllmServer(child, `http://127.0.0.1:${request.port}`);
  }

  get exited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Resolves with the exit code. */
  whenExited(): Promise<number> {
    if (this.exited) return Promise.resolve(this.child.exitCode ?? 1);
    return new Promise((resolve) => {
      this.child.once('error', () => {
        resolve(1);
      });
      this.child.once('exit', (code) => {
        resolve(code ?? 1);
      });
    });
  }

  /** @throws Error when it ends or takes too long before it answers */
  async whenReady(): Promise<void> {
    const deadline = Date.now() + START_LIMIT_MS;
    while (Date.now() < deadline) {
      if (this.exited) throw new Error('vLLM ended before it answered; its output says why.');
      const response = await fetch(`${this.url}/health`).catch(() => null);
      if (response?.ok === true) return;
      await delay(POLL_MS);
    }
    throw new Error(`vLLM did not answer within ${START_LIMIT_MS / 1000} s.`);
  }

  /** Asks it to end, and makes it after a while. */
  async end(): Promise<void> {
    this.signal('SIGTERM');
    await Promise.race([this.whenExited(), delay(END_LIMIT_MS, undefined, { ref: false })]);
    this.signal('SIGKILL');
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }
}
