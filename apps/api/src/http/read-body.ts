import type { Readable } from 'node:stream';

/** A client that sends far too much is heard out up to here, so that it gets to read why it is refused. */
const HEARD_OUT_BYTES = 64 * 1024 * 1024;

/**
 * The whole body, or null when it is larger than `limit` bytes; what is over the limit is read and dropped.
 * Listeners and not `for await`, which costs a request of one chunk several times as much.
 */
export function readBody(payload: Readable, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) chunks.length = 0;
      else chunks.push(chunk);
      if (size <= limit + HEARD_OUT_BYTES) return;
      payload.off('data', take);
      payload.destroy();
      resolve(null);
    };
    payload.on('data', take);
    payload.once('end', () => {
      if (size > limit) resolve(null);
      else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size));
    });
    payload.once('error', reject);
    payload.once('close', () => {
      if (!payload.readableEnded) reject(new Error('The client went away in the middle of its request.'));
    });
  });
}
