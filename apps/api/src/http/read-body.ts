import type { Readable } from 'node:stream';

/** A client that sends far too much is heard out up to here, so that it gets to read why it is refused. */
const HEARD_OUT_BYTES = 64 * 1024 * 1024;

/** The whole body, or null when it is larger than `limit` bytes; what is over the limit is read and dropped. */
export async function readBody(payload: Readable, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of payload as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) chunks.length = 0;
    else chunks.push(chunk);
    if (size > limit + HEARD_OUT_BYTES) return null;
  }
  return size > limit ? null : Buffer.concat(chunks, size);
}
