import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from '@claas/adapter-files';

/** A file that was given up is not waited for longer; and nobody says how long Modal knows a proof. */
const KEPT_MS = 3_600_000;

/**
 * What Modal has answered to uploaded blocks, by their SHA-256 in hex, kept on this machine until their file is in place: a process
 * that sends the same content again after a crash, as a step that is repeated does, goes on with the blocks that are missing.
 */
export class BlockProofs {
  constructor(private readonly folder: string) {}

  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    for (const name of await readdir(this.folder)) {
      const found = await unlessMissing(stat(join(this.folder, name)));
      if (found !== null && Date.now() - found.mtimeMs > KEPT_MS) await this.forget([name]);
    }
  }

  /** Null when there is none. */
  find(sha256: string): Promise<Uint8Array | null> {
    return unlessMissing(readFile(join(this.folder, sha256)));
  }

  async keep(sha256: string, proof: Uint8Array): Promise<void> {
    const draft = join(this.folder, `${sha256}.${randomUUID()}`);
    await writeFile(draft, proof);
    await rename(draft, join(this.folder, sha256));
  }

  async forget(blocks: readonly string[]): Promise<void> {
    for (const sha256 of blocks) await rm(join(this.folder, sha256), { force: true });
  }
}
