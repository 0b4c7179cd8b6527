import { open, readFile, type FileHandle } from 'node:fs/promises';
import { unlessMissing } from '@claas/adapter-files';

const ENTRY_BYTES = 4;

/** Which blocks of a file that is being downloaded are there already, kept beside it, so that a later process can go on. */
export class BlockJournal {
  private constructor(
    private readonly file: FileHandle,
    private readonly blocks: Set<number>,
  ) {}

  static async open(path: string): Promise<BlockJournal> {
    const found = await unlessMissing(readFile(path));
    const blocks = new Set<number>();
    for (let at = 0; found !== null && at + ENTRY_BYTES <= found.length; at += ENTRY_BYTES)
      blocks.add(found.readUInt32LE(at));
    const file = await open(path, 'a');
    // A crash may have cut the last entry.
    if (found !== null) await file.truncate(found.length - (found.length % ENTRY_BYTES));
    return new BlockJournal(file, blocks);
  }

  has(block: number): boolean {
    return this.blocks.has(block);
  }

  get size(): number {
    return this.blocks.size;
  }

  async add(block: number): Promise<void> {
    const entry = Buffer.alloc(ENTRY_BYTES);
    entry.writeUInt32LE(block);
    await this.file.write(entry);
    this.blocks.add(block);
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
