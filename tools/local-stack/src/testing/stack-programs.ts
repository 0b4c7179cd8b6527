import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRunningStack, type StackRecord } from '../state/stack-state.js';
import { freePort, makeWorkplace, until, type Workplace } from './make-settings.js';

const PROGRAM = fileURLToPath(new URL('../../bin/claas-stack.mjs', import.meta.url));
/** Built, since it is a process of its own. */
const VLLM_DOUBLE = fileURLToPath(new URL('../../dist/testing/vllm-double-process.js', import.meta.url));
const LIMITS = '{ look_every_s: 0.2, first_pause_s: 0.1, longest_pause_s: 1, failures: 100, stop_s: 20 }';
/** As long as the stack itself waits for an API. */
export const START_LIMIT_MS = 180_000;

export interface StartedProgram {
  readonly child: ChildProcess;
  readonly output: () => string;
}

/** An API's answer. */
export interface Reply {
  readonly status: number;
  readonly body: ReturnType<typeof JSON.parse>;
}

/** A folder with the description of a stack (API, gateway, perhaps the double of vLLM), and the programs started there. */
export class StackPrograms {
  private readonly place: Workplace = makeWorkplace();
  private readonly started: ChildProcess[] = [];
  hasEnded = false;

  private constructor(
    readonly apiPort: number,
    readonly gatewayPort: number,
  ) {}

  static async prepare(options: { readonly withVllm: boolean }): Promise<StackPrograms> {
    const programs = new StackPrograms(await freePort(), await freePort());
    const { apiPort, gatewayPort, place } = programs;
    place.write(
      'gateway.mjs',
      `import http from 'node:http';\nhttp.createServer((_, r) => r.end('up')).listen(${gatewayPort}, '127.0.0.1');`,
    );
    const vllmPort = await freePort();
    place.write(
      'claas-stack.yaml',
      `adapters: [{ id: me/first, rank: 8, alpha: 16, seed: 1 }, { id: me/second, rank: 4, alpha: 8 }]
api: { port: ${apiPort}, env: { CLAAS_KEEP_VERSIONS: 1000, CLAAS_VLLM_DTYPE: float32, FEEDBACK_MIN_FREE_VRAM_GB: 0 } }
gateway: { command: [node, gateway.mjs], url: "http://127.0.0.1:${gatewayPort}" }
limits: ${LIMITS}
${options.withVllm ? `vllm: { port: ${vllmPort}, command: [node, "${VLLM_DOUBLE}", "${vllmPort}"] }` : ''}`,
    );
    return programs;
  }

  start(...args: string[]): StartedProgram {
    let text = '';
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: this.place.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: this.place.directory,
        XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    this.started.push(child);
    return { child, output: () => text };
  }

  async startAndWait(): Promise<StartedProgram> {
    const started = this.start();
    await until(() => {
      if (started.child.exitCode !== null) throw new Error(`The stack ended:\n${started.output()}`);
      return started.output().includes('everything is up');
    }, START_LIMIT_MS);
    return started;
  }

  /** @returns the exit code and everything that it has written, when it has ended by itself */
  async outcomeOf(...args: string[]): Promise<readonly [exitCode: number | null, output: string]> {
    const { child, output } = this.start(...args);
    await once(child, 'close');
    return [child.exitCode, output()];
  }

  /** What a running stack says of itself. */
  record(): StackRecord | null {
    return readRunningStack(path.join(this.place.directory, 'data'));
  }

  processOf(name: string): number | null {
    return this.record()?.services.find((service) => service.name === name)?.process?.processId ?? null;
  }

  async ask(method: string, route: string, body?: object, headers: Record<string, string> = {}): Promise<Reply> {
    const response = await fetch(`http://127.0.0.1:${this.apiPort}${route}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  async end(): Promise<void> {
    this.hasEnded = true;
    for (const child of this.started) await endProgram(child);
    this.place.remove();
  }
}

/** @returns its exit code; null after SIGKILL */
export async function endProgram(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill(signal);
  return ((await exit) as [number | null])[0];
}
