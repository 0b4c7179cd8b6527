import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import type { VersionFile } from '@claas/contracts';
import { blockRanges } from '../blocks/block-buffers.js';
import type { VolumeFiles } from '../files/volume-files.js';
import { BlockJournal } from './block-journal.js';
import { UnexpectedFileError } from './download.js';

/** Suffix of the journal beside a file; it tells a later attempt what is there, and is removed with the last file of a version. */
export const JOURNAL = '.blocks';

/**
 * Brings a file of the volume into a local one, going on where an earlier attempt was cut, and checks its SHA-256 while the blocks
 * come. False when the volume has no such file. @throws UnexpectedFileError for another size or checksum; nothing is kept then
 */
export async function downloadFile(
  files: VolumeFiles,
  remotePath: string,
  localPath: string,
  expected: VersionFile,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  const journal = await BlockJournal.open(localPath + JOURNAL);
  const file = await open(localPath, journal.size > 0 ? 'r+' : 'w+');
  const hash = new FollowingHash(files, file, expected.bytes);
  try {
    for (const { index, length } of blockRanges(expected.bytes)) {
      if (!journal.has(index)) continue;
      onBytes(length);
      hash.arrived(index);
    }
    const found = await files.download({
      path: remotePath,
      bytes: expected.bytes,
      isDone: (index) => journal.has(index),
      write: async (block, { index, start }) => {
        const writing = file.write(block, 0, block.length, start);
        const isHashed = hash.took(index, block);
        await writing;
        await journal.add(index);
        onBytes(block.length);
        if (!isHashed) hash.arrived(index);
      },
    });
    if (!found) return false;
    const sha256 = await hash.digest();
    if (sha256 !== expected.sha256) {
      await Promise.all([rm(localPath, { force: true }), rm(localPath + JOURNAL, { force: true })]);
      throw new UnexpectedFileError(`the checksum of ${remotePath} is wrong`);
    }
    return true;
  } finally {
    await hash.stop();
    await file.close();
    await journal.close();
  }
}

/** Hashes a file in order, behind the blocks that arrive in any order. */
class FollowingHash {
  readonly #hash = createHash('sha256');
  readonly #arrived = new Set<number>();
  readonly #ranges;
  #next = 0;
  #work: Promise<void> = Promise.resolve();
  #isWorking = false;
  #isStopped = false;

  constructor(
    private readonly files: VolumeFiles,
    private readonly file: FileHandle,
    bytes: number,
  ) {
    this.#ranges = blockRanges(bytes);
  }

  get isComplete(): boolean {
    return this.#next === this.#ranges.length;
  }

  /** Hashes a block from memory, while it is being written, if it is its turn; else it has to be read again later. */
  took(index: number, block: Buffer): boolean {
    if (index !== this.#next || this.#isWorking) return false;
    this.#hash.update(block);
    this.#next += 1;
    return true;
  }

  /** This block is in the file. */
  arrived(index: number): void {
    this.#arrived.add(index);
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#work = this.#follow().finally(() => (this.#isWorking = false));
    // What goes wrong is thrown by digest().
    this.#work.catch(() => undefined);
  }

  /** Of the whole file; all blocks must have arrived. */
  async digest(): Promise<string> {
    await this.#work;
    await this.#follow();
    if (!this.isComplete) throw new Error('not every block has arrived');
    return this.#hash.digest('hex');
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#work.catch(() => undefined);
  }

  async #follow(): Promise<void> {
    while (this.#arrived.has(this.#next) && !this.#isStopped) {
      const { start, length } = this.#ranges[this.#next]!;
      await this.files.buffers.use(async (buffer) => {
        await this.file.read(buffer, 0, length, start);
        this.#hash.update(buffer.subarray(0, length));
      });
      this.#next += 1;
    }
  }
}
