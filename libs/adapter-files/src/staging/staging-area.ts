import { randomUUID } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { DurableWriter } from '../durable/durable-writer.js';
import { hasSystemCode, unlessMissing } from '../durable/system-error.js';
import { PROCESS_IDENTITY, isProcessGone } from '../process/process-identity.js';

/** A step may take hours; what another host staged and left for this long was left by a crash. */
const FOREIGN_STAGING_AFTER_MS = 24 * 3_600_000;

/** Two folders of one file system. */
export interface StagingFolders {
  readonly staging: string;
  readonly trash: string;
}

/** Where versions, files and links are made before they are moved into place. Each entry's name begins with its process. */
export class StagingArea {
  constructor(
    private readonly folders: StagingFolders,
    private readonly writer: DurableWriter,
  ) {}

  temporaryPath(): string {
    return join(this.folders.staging, `${PROCESS_IDENTITY}~${randomUUID()}`);
  }

  async makeDirectory(): Promise<string> {
    const directory = this.temporaryPath();
    await this.writer.makeDirectory(directory);
    return directory;
  }

  async discard(directory: string): Promise<void> {
    await this.writer.removeTree(this.#require(directory));
  }

  /** The directory itself. @throws Error when it wasn't staged here, or is gone */
  async requireStaged(directory: string): Promise<string> {
    const path = this.#require(directory);
    const found = await unlessMissing(lstat(path));
    if (found?.isDirectory() !== true)
      throw new Error(`${directory} is not staged, or was already committed or discarded`);
    return path;
  }

  /** Moves a directory out of everybody's sight, then removes it. A crash between leaves it to {@link sweep}. */
  async trash(directory: string): Promise<void> {
    const grave = join(this.folders.trash, randomUUID());
    await this.writer.move(directory, grave);
    await this.writer.removeTree(grave);
  }

  /** Removes what processes that are gone have left, and what this process staged before the store was opened (again). */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.folders.trash)) await this.#removeIfPossible(join(this.folders.trash, name));
    for (const name of await readdir(this.folders.staging)) {
      const path = join(this.folders.staging, name);
      const found = await unlessMissing(lstat(path));
      if (found === null) continue;
      const age = { ageMs: Date.now() - found.mtimeMs, foreignAfterMs: FOREIGN_STAGING_AFTER_MS };
      if (name.startsWith(`${PROCESS_IDENTITY}~`) || isProcessGone(name, age)) await this.#removeIfPossible(path);
    }
  }

  /** What a process that is just dying still writes into a directory must not keep the store from opening. */
  async #removeIfPossible(path: string): Promise<void> {
    try {
      await this.writer.removeTree(path);
    } catch (error) {
      if (!hasSystemCode(error, 'ENOTEMPTY')) throw error;
    }
  }

  #require(directory: string): string {
    const path = resolve(directory);
    if (dirname(path) === this.folders.staging && basename(path) !== '') return path;
    throw new Error(`${directory} was not staged by this store: stage() gives the directories that it takes`);
  }
}
