import { BlockError } from '../blocks/block-error.js';
import { blockRanges } from '../blocks/block-buffers.js';
import { PARALLEL_BLOCKS } from '../blocks/block-http.js';
import { inParallel } from '../blocks/in-parallel.js';
import { retryRounds } from '../blocks/retry-rounds.js';
import type { TransferParts } from './upload.js';

export interface Download {
  readonly path: string;
  /** Null takes any size. */
  readonly bytes: number | null;
  readonly isDone: (blockIndex: number) => boolean;
  /** The memory of `block` is used again afterwards. */
  readonly write: (block: Buffer, range: { readonly index: number; readonly start: number }) => Promise<void>;
}

/** A file of the volume that isn't what its version's manifest says. */
export class UnexpectedFileError extends Error {}

/**
 * Reads a file's blocks, several at once and in any order; new URLs are asked for when some break or have expired.
 * False when there is no such file. @throws UnexpectedFileError
 */
export async function download(
  { rpc, http, buffers }: Omit<TransferParts, 'beforeWrite'>,
  file: Download,
): Promise<boolean> {
  let received = 0;
  let found = true;
  const round = async (): Promise<boolean> => {
    const answer = await rpc.getFile(file.path);
    if (answer === null) {
      found = false;
      return true;
    }
    if (file.bytes !== null && answer.bytes !== file.bytes) {
      throw new UnexpectedFileError(`${file.path} has ${answer.bytes} bytes instead of ${file.bytes}`);
    }
    const wanted = blockRanges(answer.bytes).filter(({ index }) => !file.isDone(index));
    await inParallel(wanted, PARALLEL_BLOCKS, async ({ index, start, length }) => {
      const url = answer.urls[index];
      if (url === undefined) throw new BlockError(null, `Modal gave no URL for block ${index} of ${file.path}`);
      await buffers.use(async (buffer) => {
        const bytes = await http.get(url, buffer);
        if (bytes !== length) throw new BlockError(null, `block ${index} of ${file.path} came with ${bytes} bytes`);
        await file.write(buffer.subarray(0, length), { index, start });
      });
      received += 1;
    });
    return true;
  };
  await retryRounds(round, () => received);
  return found;
}
