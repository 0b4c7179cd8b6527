import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { blockRanges, type BlockBuffers } from '../blocks/block-buffers.js';
import { inParallel } from '../blocks/in-parallel.js';

/** One is hashed while the next is read. */
const BLOCKS_AT_ONCE = 2;

export interface FileDigest {
  readonly bytes: number;
  /** SHA-256 of the whole, in hex. */
  readonly sha256: string;
  /** SHA-256 of each block of 8 MiB. */
  readonly blocks: readonly Uint8Array[];
}

/**
 * Reads a file once. A block is hashed beside the event loop while the whole is hashed on it, and the next one is read meanwhile.
 * @throws Error for a file that changes
 */
export async function digestFile(path: string, buffers: BlockBuffers): Promise<FileDigest> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const whole = createHash('sha256');
    const blocks: Uint8Array[] = [];
    let inOrder: Promise<unknown> = Promise.resolve();
    await inParallel(blockRanges(size), BLOCKS_AT_ONCE, async ({ index, start, length }) => {
      const before = inOrder;
      inOrder = buffers.use(async (buffer) => {
        const { bytesRead } = await file.read(buffer, 0, length, start);
        if (bytesRead !== length) throw new Error(`${path} changed while it was read`);
        const block = buffer.subarray(0, length) as Buffer<ArrayBuffer>;
        const digest = crypto.subtle.digest('SHA-256', block);
        await before;
        whole.update(block);
        blocks[index] = new Uint8Array(await digest);
      });
      await inOrder;
    });
    return { bytes: size, sha256: whole.digest('hex'), blocks };
  } finally {
    await file.close();
  }
}
