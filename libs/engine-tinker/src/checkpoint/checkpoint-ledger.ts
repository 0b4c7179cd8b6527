import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TinkerClient } from '../client/tinker-client.js';
import { isUnknown } from '../client/tinker-client.js';
import { checkpointRoute } from './checkpoint-path.js';

/** So long a checkpoint of this process may go without a version that names it: the step's commit is on its way. */
const COMMIT_LIMIT_MS = 3_600_000;

/**
 * Every checkpoint that was made at the service, a small file each, written before the checkpoint exists. What no version
 * names any more (a refused step, a crash, a version that was pruned or removed) is deleted at the service and then here;
 * so nothing stays there that nobody knows of.
 */
export class CheckpointLedger {
  /** Made by this process, and not seen in a version yet, with the time until which that is waited for. */
  private readonly fresh = new Map<string, number>();

  constructor(
    private readonly directory: string,
    private readonly client: TinkerClient,
  ) {}

  /** To be called before the service is asked to save. */
  async record(path: string): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    this.fresh.set(path, Date.now() + COMMIT_LIMIT_MS);
    const handle = await open(this.file(path), 'w');
    try {
      await handle.writeFile(`${path}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async paths(): Promise<string[]> {
    const names = await readdir(this.directory).catch(() => []);
    const texts = await Promise.all(names.map((name) => readFile(join(this.directory, name), 'utf8').catch(() => '')));
    return texts.map((text) => text.trim()).filter((text) => text !== '');
  }

  /** Deletes checkpoints of a step that came to nothing; what can't be reached now is left to `sweep`. */
  async discard(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      this.fresh.delete(path);
      await this.remove(path).catch(() => undefined);
    }
  }

  /** Deletes what is in no version. @returns the paths that went */
  async sweep(named: ReadonlySet<string>): Promise<string[]> {
    const gone: string[] = [];
    for (const path of await this.paths()) {
      if (named.has(path)) {
        this.fresh.delete(path);
        continue;
      }
      if ((this.fresh.get(path) ?? 0) > Date.now()) continue;
      await this.discard([path]);
      gone.push(path);
    }
    return gone;
  }

  private async remove(path: string): Promise<void> {
    try {
      await this.client.http.send({ name: 'delete_checkpoint', method: 'DELETE', path: checkpointRoute(path) });
    } catch (error) {
      if (!isUnknown(error)) throw error;
    }
    await rm(this.file(path), { force: true });
  }

  private file(path: string): string {
    return join(this.directory, createHash('sha256').update(path).digest('hex').slice(0, 40));
  }
}
