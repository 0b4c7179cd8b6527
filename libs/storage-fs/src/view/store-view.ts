import type { Dirent } from 'node:fs';
import { lstat, readdir, readlink, rmdir } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { type DurableWriter, hasSystemCode, unlessMissing } from '@claas/adapter-files';
import { ClaasError, type AdapterId } from '@claas/contracts';
import type { StoreLayout } from '../layout/store-layout.js';

/** An id has at most this many segments, so no link lies deeper. */
const MAX_DEPTH = 4;

/**
 * The public names below the root: a link to an adapter's head for each id and alias.
 * They are derived: what they say can always be made again from the adapters and the alias table.
 */
export class StoreView {
  constructor(
    private readonly layout: StoreLayout,
    private readonly writer: DurableWriter,
    /** A new path on the same file system, not seen by anybody. */
    private readonly temporaryPath: () => string,
  ) {}

  /** Makes the public name of `id`, an adapter or an alias, lead to the head of `loraId`. */
  async show(id: AdapterId, loraId: AdapterId): Promise<void> {
    const path = this.layout.view(id);
    const target = this.layout.viewTarget(id, loraId);
    await this.requireFree(id);
    if ((await unlessMissing(readlink(path))) === target) return;
    await this.writer.makeDirectory(dirname(path));
    await this.writer.replaceLink(path, target, this.temporaryPath());
  }

  /** Removes the link of an id, and the folders that it leaves empty. */
  async hide(id: AdapterId): Promise<void> {
    await this.#unlink(this.layout.view(id));
  }

  /** @throws ClaasError `storage_unavailable` when something that is not ours has the place of this id */
  async requireFree(id: AdapterId): Promise<void> {
    const place = this.layout.view(id);
    const segments = id.split('/');
    for (let depth = 1; depth <= segments.length; depth += 1) {
      const path = join(this.layout.root, ...segments.slice(0, depth));
      const found = await unlessMissing(lstat(path));
      if (found === null || (path === place ? await this.#isOurs(path) : found.isDirectory())) continue;
      // A removed adapter's folder that a crash kept from being removed too.
      if (found.isDirectory() && (await removeIfEmpty(path))) continue;
      throw placeTaken(path);
    }
  }

  /** Removes every link that leads into the store and isn't the place of one of `ids`. */
  async hideAllBut(ids: ReadonlySet<AdapterId>): Promise<void> {
    const wanted = new Set([...ids].map((id) => this.layout.view(id)));
    for (const path of await this.#links(this.layout.root, MAX_DEPTH)) if (!wanted.has(path)) await this.#unlink(path);
  }

  async #unlink(path: string): Promise<void> {
    const found = await unlessMissing(lstat(path));
    if (found !== null && (await this.#isOurs(path))) await this.writer.removeFile(path);
    for (let folder = dirname(path); folder !== this.layout.root; folder = dirname(folder)) {
      if (!(await removeIfEmpty(folder))) return;
    }
  }

  /** Links into our own folder; anything else below the root is not ours and stays. */
  async #links(folder: string, depth: number): Promise<string[]> {
    const found: string[] = [];
    for (const entry of await readdirIfAllowed(folder)) {
      const path = join(folder, entry.name);
      if (path === this.layout.own) continue;
      if (entry.isDirectory() && depth > 1) found.push(...(await this.#links(path, depth - 1)));
      else if (await this.#isOurs(path)) found.push(path);
    }
    return found;
  }

  async #isOurs(path: string): Promise<boolean> {
    try {
      return resolve(dirname(path), await readlink(path)).startsWith(this.layout.adapters + sep);
    } catch (error) {
      if (hasSystemCode(error, 'ENOENT', 'EINVAL')) return false;
      throw error;
    }
  }
}

/** A folder that we may not read (`lost+found` on a volume) holds nothing of ours. */
async function readdirIfAllowed(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (hasSystemCode(error, 'EACCES', 'ENOENT')) return [];
    throw error;
  }
}

async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return true;
    if (hasSystemCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) return false;
    throw error;
  }
}

function placeTaken(path: string): ClaasError {
  return new ClaasError(
    'storage_unavailable',
    `${path} stands where a link of the adapter store belongs, and was not made by it. Move it away.`,
    { path },
  );
}
