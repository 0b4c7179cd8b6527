import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RemoteService } from './remote-service.js';

const DOUBLE_MAIN = fileURLToPath(new URL('../../../../tools/tinker-double/dist/main.js', import.meta.url));
const API_KEY = 'tml-e2e';
const RESTART_MS = 200;

/** The double of a Tinker service, started again at the same address whenever it dies, as a supervisor would. */
export class TinkerService implements RemoteService {
  private child: ChildProcess | null = null;
  private port = '0';
  private isClosing = false;

  private constructor(private readonly stateDirectory: string) {}

  static async start(directory: string): Promise<TinkerService> {
    const service = new TinkerService(path.join(directory, 'tinker-service'));
    await service.launch();
    return service;
  }

  get settings(): Readonly<Record<string, string>> {
    return {
      CLAAS_DISTILL_EXECUTION_MODE: 'tinker',
      CLAAS_TINKER_BASE_URL: `http://127.0.0.1:${this.port}`,
      CLAAS_TINKER_API_KEY: API_KEY,
      CLAAS_TINKER_BASE_MODEL: 'clay-tiny',
    };
  }

  trainerProcessIds(): Promise<number[]> {
    return Promise.resolve(this.isRunning() ? [this.child!.pid!] : []);
  }

  async close(): Promise<void> {
    this.isClosing = true;
    if (!this.isRunning()) return;
    const exit = once(this.child!, 'exit');
    this.child!.kill('SIGKILL');
    await exit;
  }

  private async launch(): Promise<void> {
    const args = ['--state', this.stateDirectory, '--port', this.port, '--api-key', API_KEY];
    const child = spawn(process.execPath, [DOUBLE_MAIN, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.child = child;
    child.once('exit', () => {
      if (!this.isClosing) setTimeout(() => void this.relaunch(), RESTART_MS);
    });
    const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    this.port = new URL(url).port;
  }

  private async relaunch(): Promise<void> {
    if (!this.isClosing) await this.launch();
  }

  private isRunning(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }
}
