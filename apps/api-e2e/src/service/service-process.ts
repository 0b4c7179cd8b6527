import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRemoteService } from './execution-mode.js';
import type { RemoteService } from './remote-service.js';
import { ServiceClient } from './service-client.js';

const API_MAIN = fileURLToPath(new URL('../../../api/dist/main.js', import.meta.url));
const START_LIMIT_MS = 180_000;
const STOP_LIMIT_MS = 20_000;

/**
 * The built API as a real process, with a data directory of its own that outlives restarts:
 * what a person gets with `npm start`.
 */
export class ServiceProcess {
  private child: ChildProcess | null = null;
  private output = '';

  private constructor(
    readonly directory: string,
    readonly port: number,
    private readonly settings: Readonly<Record<string, string>>,
    private readonly remote: RemoteService | null,
    private readonly ownsRemote: boolean,
  ) {}

  /** @param shared what several processes speak to, which stays the caller's; left out, each has its own */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    shared?: RemoteService | null,
  ): Promise<ServiceProcess> {
    const directory = await mkdtemp(path.join(tmpdir(), 'claas-e2e-'));
    const remote = shared === undefined ? await startRemoteService(directory) : shared;
    const service = new ServiceProcess(directory, await freePort(), settings, remote, shared === undefined);
    await service.restart();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get client(): ServiceClient {
    return new ServiceClient(this.url);
  }

  get loraRoot(): string {
    return path.join(this.directory, 'loras');
  }

  /** Everything that the process has written, for assertions on what must not be logged. */
  get log(): string {
    return this.output;
  }

  get processId(): number {
    if (this.child?.pid === undefined) throw new Error('The API is not running.');
    return this.child.pid;
  }

  /** Starts the API again on the same data, after `stop` or `kill`. */
  async restart(): Promise<void> {
    this.child = spawn(process.execPath, [API_MAIN], {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: this.directory,
        // Where `npm test` has set up the native library, so that what most people run is what is tested.
        XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
        CLAAS_API_PORT: String(this.port),
        CLAAS_DATA_DIR: this.directory,
        CLAAS_LORA_ROOT: this.loraRoot,
        FEEDBACK_LOG_DIR: path.join(this.directory, 'feedback_logs'),
        ...this.remote?.settings,
        ...this.settings,
      },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    const deadline = Date.now() + START_LIMIT_MS;
    while (Date.now() < deadline && this.isRunning()) {
      const status = await this.client.get('/v1/health').then(
        (reply) => reply.status,
        () => 0,
      );
      if (status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`The API didn't become healthy. Its output:\n${this.output}`);
  }

  /** SIGKILL to the API; its trainer is left to notice by itself. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.end('SIGTERM');
    clearTimeout(timer);
  }

  async stopAndRemove(): Promise<void> {
    await this.stop();
    if (this.ownsRemote) await this.remote?.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** The directory with the store's own files, or a copy of them where they lie elsewhere. */
  async storedFiles(): Promise<string> {
    if (this.remote?.copyStore === undefined) return path.join(this.loraRoot, '.claas');
    const copy = path.join(this.directory, 'copy-of-the-store');
    await this.remote.copyStore(copy);
    return path.join(copy, '.claas');
  }

  /** Process ids of the trainers that this API works with, now. */
  async trainerProcessIds(): Promise<number[]> {
    return this.remote?.trainerProcessIds() ?? childrenOf(this.processId);
  }

  private isRunning(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning()) return;
    const exit = once(this.child!, 'exit');
    this.child!.kill(signal);
    await exit;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('No free port on 127.0.0.1.');
  return address.port;
}

/** Direct children of a process, from /proc. */
async function childrenOf(parent: number): Promise<number[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(processes.map(parentOf));
  return processes.filter((_, index) => parents[index] === parent);
}

async function parentOf(processId: number): Promise<number | null> {
  const stat = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The command in parentheses may contain anything, so fields are counted after the last ")".
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
