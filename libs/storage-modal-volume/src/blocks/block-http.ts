import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { BlockError } from './block-error.js';

/** Requests at once, each with a block in memory. */
export const PARALLEL_BLOCKS = 4;

/** Blocks by HTTP, over connections that are kept; whoever asks brings the memory. */
export class BlockHttp {
  private readonly http = new HttpAgent({ keepAlive: true, maxSockets: PARALLEL_BLOCKS });
  private readonly https = new HttpsAgent({ keepAlive: true, maxSockets: PARALLEL_BLOCKS });

  /** A connection on which nothing moves for `stallMs` counts as broken. */
  constructor(private readonly stallMs: number) {}

  /** The body of the answer, which proves the upload. @throws BlockError */
  async put(url: string, block: Uint8Array): Promise<Buffer> {
    const proof = Buffer.alloc(64 * 1024);
    const length = await this.#exchange(url, 'PUT', block, proof);
    return proof.subarray(0, length);
  }

  /** How many bytes came. @throws BlockError, also for more than fit into `target` */
  get(url: string, target: Buffer): Promise<number> {
    return this.#exchange(url, 'GET', null, target);
  }

  close(): void {
    this.http.destroy();
    this.https.destroy();
  }

  #exchange(url: string, method: 'PUT' | 'GET', body: Uint8Array | null, target: Buffer): Promise<number> {
    const isSecure = url.startsWith('https:');
    const send = isSecure ? httpsRequest : httpRequest;
    const headers = body === null ? {} : { 'content-length': body.byteLength };
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        reject(error instanceof BlockError ? error : new BlockError(null, error.message, { cause: error }));
      };
      const request = send(url, { method, headers, agent: isSecure ? this.https : this.http }, (response) => {
        receive(response, target).then(resolve, fail);
      });
      request.setTimeout(this.stallMs, () => {
        request.destroy(new BlockError(null, `nothing moved for ${this.stallMs / 1000} s`));
      });
      request.on('error', fail);
      request.end(body ?? undefined);
    });
  }
}

async function receive(response: IncomingMessage, target: Buffer): Promise<number> {
  const { statusCode = 0 } = response;
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (length + chunk.length > target.length) throw new BlockError(statusCode, 'the answer is longer than the block');
    length += chunk.copy(target, length);
  }
  if (statusCode >= 200 && statusCode < 300) return length;
  throw new BlockError(statusCode, `HTTP ${statusCode}: ${target.subarray(0, Math.min(length, 200)).toString('utf8')}`);
}
