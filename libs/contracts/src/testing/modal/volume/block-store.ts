import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** A block that a URL leads to. */
export interface BlockGrant {
  readonly method: 'PUT' | 'GET';
  readonly sha256: string;
  /** Bytes of a `GET`, from and to (exclusive). */
  readonly range: readonly [number, number];
  readonly expiresAt: number;
}

/** The contents of all volumes, by SHA-256, and the URLs that were handed out for them. */
export class BlockStore {
  private readonly grants = new Map<string, BlockGrant>();
  private readonly receipts = new Map<string, string>();

  constructor(
    private readonly root: string,
    private readonly urlLifetimeMs: number,
  ) {}

  async open(): Promise<void> {
    await mkdir(this.root, { recursive: true });
  }

  /** The last part of a URL's path. */
  grant(method: BlockGrant['method'], sha256: string, range: BlockGrant['range'] = [0, 0]): string {
    const name = randomUUID();
    this.grants.set(name, { method, sha256, range, expiresAt: Date.now() + this.urlLifetimeMs });
    return name;
  }

  granted(name: string): BlockGrant | undefined {
    return this.grants.get(name);
  }

  /** Every URL that is out stops working. */
  expireUrls(): void {
    for (const [name, grant] of this.grants) this.grants.set(name, { ...grant, expiresAt: 0 });
  }

  /** Was this block uploaded, as the answer to its PUT proves? */
  isProven(sha256: string, putResponse: Uint8Array): boolean {
    return this.receipts.get(Buffer.from(putResponse).toString('utf8')) === sha256;
  }

  /** What the PUT is answered with, or null when the content isn't what its SHA-256 says. It is hashed beside the event loop. */
  async write(sha256: string, content: Readable): Promise<string | null> {
    const block = Buffer.concat((await content.toArray()) as Buffer[]);
    const path = join(this.root, randomUUID());
    const [digest] = await Promise.all([crypto.subtle.digest('SHA-256', block), writeFile(path, block)]);
    if (Buffer.from(digest).toString('hex') !== sha256) {
      await rm(path);
      return null;
    }
    await rename(path, this.path(sha256));
    const receipt = randomUUID();
    this.receipts.set(receipt, sha256);
    return receipt;
  }

  read(sha256: string, [from, to]: BlockGrant['range']): Readable {
    return createReadStream(this.path(sha256), { start: from, end: to - 1, highWaterMark: 1 << 20 });
  }

  path(sha256: string): string {
    return join(this.root, sha256);
  }
}
