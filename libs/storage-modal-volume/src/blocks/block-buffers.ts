export const BLOCK_BYTES = 8 * 1024 * 1024;

/** Memory for blocks that is used again and again, so that it stays the same however large a file is. */
export class BlockBuffers {
  readonly #free: Buffer[] = [];

  async use<T>(work: (buffer: Buffer) => Promise<T>): Promise<T> {
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    const result = await work(buffer);
    // Not after an error: a request that broke may still read from it.
    this.#free.push(buffer);
    return result;
  }
}

/** The blocks of a file: their places in it. */
export function blockRanges(
  bytes: number,
): { readonly index: number; readonly start: number; readonly length: number }[] {
  return Array.from({ length: Math.ceil(bytes / BLOCK_BYTES) }, (_, index) => {
    const start = index * BLOCK_BYTES;
    return { index, start, length: Math.min(BLOCK_BYTES, bytes - start) };
  });
}
