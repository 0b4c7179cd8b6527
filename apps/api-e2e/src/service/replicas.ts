import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PostgresServer } from '@claas/contracts/testing/postgres';
import { startRemoteService } from './execution-mode.js';
import type { RemoteService } from './remote-service.js';
import { ServiceProcess } from './service-process.js';

/** Several processes of the API on one database, one directory of adapters, and one service where the mode has one. */
export class Replicas {
  private constructor(
    readonly all: readonly ServiceProcess[],
    private readonly directory: string,
    private readonly remote: RemoteService | null,
  ) {}

  static async start(
    count: number,
    database: PostgresServer,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Replicas> {
    const directory = await mkdtemp(path.join(tmpdir(), 'claas-e2e-replicas-'));
    const shared = {
      CLAAS_DATABASE_URL: database.url,
      CLAAS_LORA_ROOT: path.join(directory, 'loras'),
      FEEDBACK_LOG_DIR: path.join(directory, 'feedback_logs'),
      ...settings,
    };
    const remote = await startRemoteService(directory);
    const all = await Promise.all(Array.from({ length: count }, () => ServiceProcess.start(shared, remote)));
    return new Replicas(all, directory, remote);
  }

  get logDirectory(): string {
    return path.join(this.directory, 'feedback_logs');
  }

  async stopAndRemove(): Promise<void> {
    await Promise.all(this.all.map((service) => service.stopAndRemove()));
    await this.remote?.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
