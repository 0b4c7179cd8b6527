import { randomUUID } from 'node:crypto';
import type { Sandbox } from 'modal';
import { join, posix } from 'node:path';
import { ModalUnavailableError } from '../errors/modal-errors.js';
import { runCommand } from '../sandbox/run-command.js';
import { ENGINE_FOLDER, MOUNT_PATH } from '../sandbox/sandbox-settings.js';
import { directoryDigest, directoryIdentity, fileDigest, filesIn } from './directory-digest.js';
import { FairLock } from './fair-lock.js';
import type { VolumeTransfer } from './volume-transfer.js';

/** What an adapter version consists of for a trainer; a store's own files beside them are not needed. */
const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors', 'optimizer.safetensors'];
/** Versions that stay in the Sandbox's reach; the least recently used ones beyond it are removed. */
const KEPT_DIRECTORIES = 64;
const SYNC_TRIES = 2;
const RELOAD_TRIES = 5;
const RELOAD_PAUSE_MS = 200;

interface RemoteDirectory {
  /** Relative to the mount, as the trainer knows it. */
  readonly path: string;
  users: number;
}

/** A directory that a call uses; `release` when it is done with it. */
export interface UsedDirectory {
  readonly path: string;
  readonly release: () => void;
}

/**
 * The local directories that the engine is spoken to in, as directories of the Volume that is mounted in the Sandbox. What is
 * known there by its content is not sent again, so that a version which the Sandbox made goes only the other way.
 */
export class RemoteDirectories {
  /** By content, least recently used first. */
  private readonly known = new Map<string, Promise<RemoteDirectory>>();
  /** Content by identity, so that files are hashed once. */
  private readonly digests = new Map<string, string>();
  /** A reload loses what is not synced yet, and hides files while it lasts. */
  private readonly mount = new FairLock();
  /** What is to be removed as soon as a Sandbox can do it. */
  private readonly unwanted = new Set<string>();
  private readonly folder: string;

  constructor(
    private readonly transfer: VolumeTransfer,
    owner: string,
    private readonly sandbox: () => Sandbox | null,
  ) {
    this.folder = `${ENGINE_FOLDER}/${owner}`;
  }

  /** Reading or writing below the mount; resolves with the function that ends it. */
  enter(): Promise<() => void> {
    return this.mount.enter('shared');
  }

  /** Removes what an earlier service left. */
  async clear(): Promise<void> {
    this.known.clear();
    await runCommand(this.require(), ['rm', '-rf', '--', `${MOUNT_PATH}/${this.folder}`]);
  }

  /** The directory in the Sandbox with the same content as a local one. */
  async provide(localDirectory: string): Promise<UsedDirectory> {
    const names = await filesIn(localDirectory, ADAPTER_FILES);
    const digest = await this.digestOf(localDirectory, names);
    const remote = this.known.get(digest) ?? this.send(localDirectory, names, digest);
    this.known.delete(digest);
    this.known.set(digest, remote);
    const directory = await remote.catch((error: unknown) => {
      this.known.delete(digest);
      throw error;
    });
    directory.users += 1;
    return {
      path: directory.path,
      release: () => {
        directory.users -= 1;
      },
    };
  }

  /** A place for what a call writes; it isn't there yet. */
  newOutput(): string {
    return `${this.folder}/output/${randomUUID()}`;
  }

  /**
   * Makes what was written at `path` durable, brings it here, and checks that it came whole. `afterSync` is told when the
   * mount may be reloaded again.
   */
  async collect(path: string, localDirectory: string, afterSync: () => void): Promise<void> {
    const sandbox = this.require();
    const listed = await runCommand(sandbox, ['sh', '-c', 'cd "$0" && sha256sum *', `${MOUNT_PATH}/${path}`]);
    const checksums = new Map(
      listed.split('\n').flatMap((line) => {
        const found = /^([0-9a-f]{64}) [ *](.+)$/.exec(line);
        return found === null ? [] : [[found[2]!, found[1]!] as const];
      }),
    );
    await this.tidy(sandbox);
    await this.sync(sandbox);
    afterSync();
    const names = [...checksums.keys()].sort();
    await this.transfer.download(path, names, localDirectory);
    for (const [name, checksum] of checksums) {
      if ((await fileDigest(join(localDirectory, name))) === checksum) continue;
      throw new ModalUnavailableError(
        `${name} did not come whole from the Volume; no adapter was changed. Send the feedback again.`,
      );
    }
    const known = names.filter((name) => ADAPTER_FILES.includes(name));
    this.known.set(await this.digestOf(localDirectory, known), Promise.resolve({ path, users: 0 }));
    await this.forgetOldest();
  }

  /** Removes what a call wrote and nobody wants, now or when there is a Sandbox again. */
  async discard(path: string): Promise<void> {
    this.unwanted.add(path);
    const sandbox = this.sandbox();
    if (sandbox === null) return;
    // What can't be removed now is tried again with the next version.
    await this.tidy(sandbox)
      .then(() => this.sync(sandbox))
      .catch(() => undefined);
  }

  /** Commits what was written below the mount. */
  async sync(sandbox = this.require()): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await runCommand(sandbox, ['sync', MOUNT_PATH]);
        return;
      } catch (error) {
        if (attempt === SYNC_TRIES) throw error;
      }
    }
  }

  private async send(localDirectory: string, names: readonly string[], digest: string): Promise<RemoteDirectory> {
    const path = posix.join(this.folder, 'input', digest);
    await this.transfer.upload(localDirectory, names, path);
    await this.reload();
    return { path, users: 0 };
  }

  private async reload(): Promise<void> {
    const leave = await this.mount.enter('exclusive');
    try {
      const sandbox = this.require();
      for (let attempt = 1; ; attempt += 1) {
        try {
          await sandbox.reloadVolumes();
          return;
        } catch (error) {
          // A file that is just being read keeps the Volume busy.
          if (attempt === RELOAD_TRIES) throw error;
          await new Promise((resolve) => setTimeout(resolve, RELOAD_PAUSE_MS * attempt));
        }
      }
    } finally {
      leave();
    }
  }

  private async digestOf(localDirectory: string, names: readonly string[]): Promise<string> {
    const identity = await directoryIdentity(localDirectory, names);
    const digest = this.digests.get(identity) ?? (await directoryDigest(localDirectory, names));
    this.digests.delete(identity);
    this.digests.set(identity, digest);
    for (const oldest of this.digests.keys()) {
      if (this.digests.size <= 4 * KEPT_DIRECTORIES) break;
      this.digests.delete(oldest);
    }
    return digest;
  }

  private async forgetOldest(): Promise<void> {
    for (const [digest, remote] of this.known) {
      if (this.known.size <= KEPT_DIRECTORIES) break;
      const { path, users } = await remote;
      if (users > 0) continue;
      this.known.delete(digest);
      this.unwanted.add(path);
    }
  }

  private async tidy(sandbox: Sandbox): Promise<void> {
    const paths = [...this.unwanted];
    if (paths.length === 0) return;
    await runCommand(sandbox, ['rm', '-rf', '--', ...paths.map((path) => `${MOUNT_PATH}/${path}`)]);
    for (const path of paths) this.unwanted.delete(path);
  }

  private require(): Sandbox {
    const sandbox = this.sandbox();
    if (sandbox === null) throw new ModalUnavailableError('There is no Sandbox with a trainer.');
    return sandbox;
  }
}
