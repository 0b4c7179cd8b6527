import { mkdir, readFile, readlink, rename, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { homedir } from 'node:os';

const COMMIT = /^[0-9a-f]{40}$/;

/**
 * Where Hugging Face tools keep downloaded models, by their environment variables.
 * Source: https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 */
export function hubCacheDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const direct = environment['HF_HUB_CACHE'] ?? environment['HUGGINGFACE_HUB_CACHE'];
  if (direct !== undefined && direct !== '') return direct;
  const home = environment['HF_HOME'];
  if (home !== undefined && home !== '') return join(home, 'hub');
  return join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'huggingface', 'hub');
}

/** One model in the cache, in the layout of huggingface_hub: `blobs/<hash>`, `snapshots/<commit>/<file>` → blob, `refs/<name>`. */
export class HubCache {
  private readonly root: string;

  constructor(cacheDirectory: string, modelId: string) {
    this.root = join(cacheDirectory, `models--${modelId.replaceAll('/', '--')}`);
  }

  snapshotDirectory(commit: string): string {
    return join(this.root, 'snapshots', commit);
  }

  blobPath(hash: string): string {
    return join(this.root, 'blobs', hash);
  }

  /** The commit that a branch or tag had when it was last downloaded; null when it never was. */
  async commitOf(revision: string): Promise<string | null> {
    if (COMMIT.test(revision)) return revision;
    try {
      const commit = (await readFile(join(this.root, 'refs', revision), 'utf8')).trim();
      return COMMIT.test(commit) ? commit : null;
    } catch {
      return null;
    }
  }

  /** Remembers what a branch or tag stands for. */
  async setCommit(revision: string, commit: string): Promise<void> {
    if (revision === commit) return;
    const path = join(this.root, 'refs', revision);
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.tmp`;
    await writeFile(temporary, commit);
    await rename(temporary, path);
  }

  /** Makes the directories that a download writes to. */
  async prepare(commit: string): Promise<void> {
    await mkdir(join(this.root, 'blobs'), { recursive: true });
    await mkdir(this.snapshotDirectory(commit), { recursive: true });
  }

  /** Is the blob there in this size? */
  async hasBlob(hash: string, bytes: number): Promise<boolean> {
    try {
      return (await stat(this.blobPath(hash))).size === bytes;
    } catch {
      return false;
    }
  }

  /** Lets the snapshot's file point to the blob. */
  async link(commit: string, file: string, hash: string): Promise<void> {
    const path = join(this.snapshotDirectory(commit), file);
    const target = relative(dirname(path), this.blobPath(hash));
    try {
      await symlink(target, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if ((await readlink(path).catch(() => null)) === target) return;
      await unlink(path);
      await symlink(target, path);
    }
  }
}
