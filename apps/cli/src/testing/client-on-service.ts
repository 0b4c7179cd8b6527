import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runClaas, type Outcome, type RunOptions } from './run-claas.js';
import { RunningService } from './running-service.js';

const PROGRAM = fileURLToPath(new URL('../../bin/claas.mjs', import.meta.url));

/** The client in front of a service of its own, and a folder for its files. */
export class ClientOnService {
  private constructor(
    readonly service: RunningService,
    private readonly directory: string,
  ) {}

  /** @param adapters made at once, small, with seed 1 */
  static async start(...adapters: readonly string[]): Promise<ClientOnService> {
    const directory = await mkdtemp(path.join(tmpdir(), 'claas-cli-files-'));
    const client = new ClientOnService(await RunningService.start(), directory);
    for (const name of adapters) await client.json('init', name, '--rank', '8', '--alpha', '16', '--seed', '1');
    return client;
  }

  /** Of a file in its folder. */
  file(name: string): string {
    return path.join(this.directory, name);
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return runClaas(args, { url: this.service.url, ...options });
  }

  async json(...args: string[]): Promise<ReturnType<typeof JSON.parse>> {
    return JSON.parse((await this.run([...args, '--json'])).stdout);
  }

  /** The program as a process, as people start it. */
  async start(args: readonly string[], stdin: string): Promise<Outcome> {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { PATH: process.env['PATH'], CLAAS_URL: this.service.url },
      stdio: 'pipe',
    });
    child.stdin.end(stdin);
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    return { exitCode: exitCode as number, stdout, stderr };
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await rm(this.directory, { recursive: true });
  }
}
