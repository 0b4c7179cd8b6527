import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { blockRanges, type BlockBuffers } from '../blocks/block-buffers.js';

export interface FileDigest {
  readonly bytes: number;
  /** SHA-256 of the whole, in hex. */
  readonly sha256: string;
  /** SHA-256 of each block of 8 MiB. */
  readonly blocks: readonly Uint8Array[];
}

/** Reads a file once. A block is hashed beside the event loop while the whole is hashed on it. */
export async function digestFile(path: string, buffers: BlockBuffers): Promise<FileDigest> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const whole = createHash('sha256');
    const blocks: Uint8Array[] = [];
    for (const { start, length } of blockRanges(size)) {
      await buffers.use(async (buffer) => {
        const { bytesRead } = await file.read(buffer, 0, length, start);
        if (bytesRead !== length) throw new Error(`${path} changed while it was read`);
        const block = buffer.subarray(0, length) as Buffer<ArrayBuffer>;
        const digest = crypto.subtle.digest('SHA-256', block);
        whole.update(block);
        blocks.push(new Uint8Array(await digest));
      });
    }
    return { bytes: size, sha256: whole.digest('hex'), blocks };
  } finally {
    await file.close();
  }
}
