import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BlockStore } from '../volume/block-store.js';
import type { Volumes } from '../volume/volume-part.js';
import { BLOCK_BYTES } from '../volume/volume-tree.js';
import type { VolumeTree } from '../volume/volume-tree.js';
import type { VolumeContents } from './volume-contents.js';

const MODE = 0o644;

/** The Volumes of the double as directories: what a Sandbox sees of them, and what it gives back by `sync`. */
export class MountedVolumes implements VolumeContents {
  constructor(
    private readonly volumes: Volumes,
    private readonly blocks: BlockStore,
  ) {}

  checkout(volumeId: string, directory: string): Promise<void> {
    return this.checkoutTree(this.volumes.tree(volumeId), directory);
  }

  async checkoutNamed(name: string, directory: string): Promise<void> {
    await mkdir(directory, { recursive: true });
    await this.checkoutTree(this.volumes.named(name), directory);
  }

  private async checkoutTree(tree: VolumeTree, directory: string): Promise<void> {
    const kept = new Set<string>();
    for (const { path } of tree.list('', true)) {
      const file = tree.file(path);
      const place = join(directory, path);
      if (file === undefined) {
        await mkdir(place, { recursive: true });
        continue;
      }
      kept.add(path);
      if ((await blocksOf(place)).join() !== file.blocks.join()) await this.write(place, file.blocks);
    }
    for (const path of await filesBelow(directory)) {
      if (!kept.has(path)) await rm(join(directory, path));
    }
  }

  async commit(volumeId: string, directory: string, before: ReadonlySet<string>): Promise<void> {
    const tree = this.volumes.tree(volumeId);
    const present = await filesBelow(directory);
    for (const path of present) {
      const place = join(directory, path);
      const { size } = await stat(place);
      const blocks = await blocksOf(place);
      if (tree.file(path)?.blocks.join() === blocks.join()) continue;
      for (const [index, sha256] of blocks.entries()) {
        await this.blocks.write(sha256, readBlock(place, index));
      }
      tree.put(path, { size, mode: MODE, blocks });
    }
    for (const path of before) {
      if (!present.has(path) && tree.file(path) !== undefined) tree.remove(path, false);
    }
  }

  /** Under another name first, so that who reads the old file keeps it. */
  private async write(place: string, blocks: readonly string[]): Promise<void> {
    await mkdir(dirname(place), { recursive: true });
    const unfinished = `${place}.unfinished`;
    if (blocks.length === 0) await (await open(unfinished, 'w')).close();
    for (const [index, sha256] of blocks.entries()) {
      const flags = index === 0 ? 'w' : 'a';
      await pipeline(createReadStream(this.blocks.path(sha256)), createWriteStream(unfinished, { flags }));
    }
    await rename(unfinished, place);
  }
}

/** Paths relative to `directory`; none when it isn't there. */
export async function filesBelow(directory: string): Promise<ReadonlySet<string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Set(files.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)));
}

function readBlock(place: string, index: number): Readable {
  return createReadStream(place, { start: index * BLOCK_BYTES, end: (index + 1) * BLOCK_BYTES - 1 });
}

/** SHA-256 of each block of a file; none when it isn't there. */
async function blocksOf(place: string): Promise<string[]> {
  const size = await stat(place).then(
    (found) => found.size,
    () => 0,
  );
  const blocks: string[] = [];
  for (let index = 0; index * BLOCK_BYTES < size; index += 1) {
    const hash = createHash('sha256');
    await pipeline(readBlock(place, index), hash);
    blocks.push(hash.digest('hex'));
  }
  return blocks;
}
