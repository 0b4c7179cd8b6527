import { BlockError } from '../blocks/block-error.js';
import { blockRanges } from '../blocks/block-buffers.js';
import type { BlockBuffers } from '../blocks/block-buffers.js';
import { PARALLEL_BLOCKS, type BlockHttp } from '../blocks/block-http.js';
import { inParallel } from '../blocks/in-parallel.js';
import { retryRounds } from '../blocks/retry-rounds.js';
import type { VolumeRpc } from '../rpc/volume-rpc.js';
import type { FileDigest } from './file-digest.js';

/** Called before each change to the volume with what is about to happen. Tests throw from it to stop a store at that point. */
export type BeforeWrite = (step: string) => void;

export interface TransferParts {
  readonly rpc: VolumeRpc;
  readonly http: BlockHttp;
  readonly buffers: BlockBuffers;
  readonly beforeWrite: BeforeWrite;
}

export interface Upload {
  readonly path: string;
  readonly digest: FileDigest;
  /** Fills `target` with the bytes from `start`. */
  readonly read: (target: Buffer, start: number) => Promise<void>;
  readonly createOnly: boolean;
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Puts a file in place, whole: uploads the blocks that Modal says are missing, asks again with the proofs, and goes on where it was
 * after broken connections and expired URLs. False for a file that exists and may not be overwritten.
 */
export async function upload(parts: TransferParts, file: Upload): Promise<boolean> {
  const { rpc, http, buffers, beforeWrite } = parts;
  const { path, digest, createOnly } = file;
  const ranges = blockRanges(digest.bytes);
  const proofs = new Map<number, Uint8Array>();
  let exists = false;
  const round = async (): Promise<boolean> => {
    beforeWrite(`put ${path}`);
    const blocks = digest.blocks.map((contentsSha256, index) => ({ contentsSha256, putResponse: proofs.get(index) }));
    const missing = await rpc.putFile({ path, size: digest.bytes, blocks }, createOnly);
    if (missing === 'exists') {
      exists = true;
      return true;
    }
    await inParallel(missing, PARALLEL_BLOCKS, async ({ blockIndex, putUrl }) => {
      const range = ranges[blockIndex];
      if (range === undefined) throw new BlockError(null, `Modal asks for block ${blockIndex} of ${ranges.length}`);
      beforeWrite(`put block ${blockIndex} of ${path}`);
      await buffers.use(async (buffer) => {
        const block = buffer.subarray(0, range.length);
        await file.read(block, range.start);
        const proof = await http.put(putUrl, block);
        if (!proofs.has(blockIndex)) file.onBytes?.(range.length);
        proofs.set(blockIndex, proof);
      });
    });
    return missing.length === 0;
  };
  await retryRounds(round, () => proofs.size);
  return !exists;
}
