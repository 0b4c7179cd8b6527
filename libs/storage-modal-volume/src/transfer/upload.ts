import { BlockError } from '../blocks/block-error.js';
import { blockRanges } from '../blocks/block-buffers.js';
import type { BlockBuffers } from '../blocks/block-buffers.js';
import { PARALLEL_BLOCKS, type BlockHttp } from '../blocks/block-http.js';
import { inParallel } from '../blocks/in-parallel.js';
import { retryRounds } from '../blocks/retry-rounds.js';
import type { VolumeRpc } from '../rpc/volume-rpc.js';
import type { BlockProofs } from './block-proofs.js';
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
  /** Of an attempt that a crash has ended, for large files. */
  readonly kept?: BlockProofs;
}

/**
 * Puts a file in place, whole: uploads the blocks that Modal says are missing, asks again with the proofs, and goes on where it was
 * after broken connections and expired URLs. False for a file that exists and may not be overwritten.
 */
export async function upload(parts: TransferParts, file: Upload): Promise<boolean> {
  const { rpc, http, buffers, beforeWrite } = parts;
  const { path, digest, createOnly, kept } = file;
  const ranges = blockRanges(digest.bytes);
  const names = digest.blocks.map((sha256) => Buffer.from(sha256).toString('hex'));
  const proofs = new Map<number, Uint8Array>();
  for (const { index, length } of ranges) {
    const proof = (await kept?.find(names[index]!)) ?? null;
    if (proof === null) continue;
    proofs.set(index, proof);
    file.onBytes?.(length);
  }
  let exists = false;
  const sent = new Set<number>();
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
        sent.add(blockIndex);
        await kept?.keep(names[blockIndex]!, proof);
      });
    });
    return missing.length === 0;
  };
  try {
    await retryRounds(round, () => sent.size);
  } catch (error) {
    // Should Modal not take an old proof, the next attempt begins without.
    if (!(error instanceof BlockError)) await kept?.forget(names);
    throw error;
  }
  await kept?.forget(names);
  return !exists;
}
