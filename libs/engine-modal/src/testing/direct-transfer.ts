import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ModalDouble } from '@claas/contracts/testing/modal';
import { VolumeTransfer } from '../files/volume-transfer.js';

const FILE_TYPE = 1;

/** The files of a Volume of the double, without the way over the network, which is storage-modal-volume's. Of one block each. */
export class DirectTransfer extends VolumeTransfer {
  uploads: string[] = [];

  constructor(
    private readonly double: ModalDouble,
    private readonly volume: string,
  ) {
    super();
  }

  override async upload(localDirectory: string, names: readonly string[], path: string): Promise<void> {
    this.uploads.push(path);
    for (const name of names) {
      const content = await readFile(join(localDirectory, name));
      const sha256 = createHash('sha256').update(content).digest('hex');
      await this.double.blocks.write(sha256, Readable.from([content]));
      const tree = this.double.volumes.named(this.volume);
      tree.put(`${path}/${name}`, { size: content.length, mode: 0o644, blocks: [sha256] });
    }
  }

  override async download(path: string, names: readonly string[], localDirectory: string): Promise<void> {
    await mkdir(localDirectory, { recursive: true });
    for (const name of names) {
      const [block] = this.double.volumes.named(this.volume).file(`${path}/${name}`)?.blocks ?? [];
      if (block === undefined) throw new Error(`${path}/${name} is not on the Volume`);
      await copyFile(this.double.blocks.path(block), join(localDirectory, name));
    }
  }

  override list(path: string): Promise<string[]> {
    const tree = this.double.volumes.named(this.volume);
    if (!tree.isDirectory(path)) return Promise.resolve([]);
    const files = tree.list(path, false).filter(({ type }) => (type as number) === FILE_TYPE);
    return Promise.resolve(files.map((entry) => entry.path.slice(path.length + 1)));
  }
}
