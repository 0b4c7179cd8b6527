import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ModalClient } from 'modal';
import { BLOCK_BYTES, BlockBuffers } from '../blocks/block-buffers.js';
import { BlockHttp } from '../blocks/block-http.js';
import { VolumeRpc, type VolumeEntry } from '../rpc/volume-rpc.js';
import type { BlockProofs } from '../transfer/block-proofs.js';
import { download, type Download } from '../transfer/download.js';
import type { FileDigest } from '../transfer/file-digest.js';
import { upload, type BeforeWrite, type TransferParts } from '../transfer/upload.js';

export interface VolumeFilesOptions {
  readonly client: ModalClient;
  readonly volumeId: string;
  /** Of one attempt of a call, and how long a connection may stand still. */
  readonly callTimeoutMs: number;
  readonly beforeWrite: BeforeWrite;
  readonly proofs: BlockProofs;
}

/** The files of one Modal volume. Paths are relative to its root. Every change is one possible point of a crash. */
export class VolumeFiles {
  readonly buffers = new BlockBuffers();
  readonly #parts: TransferParts;
  readonly #proofs: BlockProofs;

  constructor({ client, volumeId, callTimeoutMs, beforeWrite, proofs }: VolumeFilesOptions) {
    this.#proofs = proofs;
    this.#parts = {
      rpc: new VolumeRpc(client, volumeId, callTimeoutMs),
      http: new BlockHttp(callTimeoutMs),
      buffers: this.buffers,
      beforeWrite,
    };
  }

  get volumeId(): string {
    return this.#parts.rpc.volumeId;
  }

  /** Null when there is no such directory. A listing may lag behind what was written a moment ago. */
  list(path: string, recursive = false): Promise<VolumeEntry[] | null> {
    return this.#parts.rpc.list(path, recursive);
  }

  /** Null when there is no such file. */
  async readText(path: string): Promise<string | null> {
    const blocks: Buffer[] = [];
    const found = await this.download({
      path,
      bytes: null,
      isDone: (index) => blocks[index] !== undefined,
      write: (block, { index }) => {
        blocks[index] = Buffer.from(block);
        return Promise.resolve();
      },
    });
    return found ? Buffer.concat(blocks).toString('utf8') : null;
  }

  /** A text of at most one block. False for a file that exists and may not be overwritten. */
  writeText(path: string, text: string, { createOnly }: { readonly createOnly: boolean }): Promise<boolean> {
    const content = Buffer.from(text);
    if (content.length > BLOCK_BYTES) throw new Error(`${path} is too large: ${content.length} bytes`);
    const hash = createHash('sha256').update(content).digest();
    const digest = { bytes: content.length, sha256: hash.toString('hex'), blocks: content.length === 0 ? [] : [hash] };
    const read = (target: Buffer): Promise<void> => {
      content.copy(target);
      return Promise.resolve();
    };
    return upload(this.#parts, { path, digest, read, createOnly });
  }

  async uploadFile(
    path: string,
    local: { readonly path: string; readonly digest: FileDigest },
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const file = await open(local.path, 'r');
    try {
      const read = async (target: Buffer, start: number): Promise<void> => {
        const { bytesRead } = await file.read(target, 0, target.length, start);
        if (bytesRead !== target.length) throw new Error(`${local.path} changed while it was uploaded`);
      };
      await upload(this.#parts, { path, digest: local.digest, read, createOnly: false, onBytes, kept: this.#proofs });
    } finally {
      await file.close();
    }
  }

  /** False when there is no such file. */
  download(file: Download): Promise<boolean> {
    return download(this.#parts, file);
  }

  /** A file, or a directory with everything in it; missing is fine. */
  async remove(path: string): Promise<void> {
    this.#parts.beforeWrite(`remove ${path}`);
    await this.#parts.rpc.remove(path);
  }

  /** Copies one file within the volume. False when there is none. */
  copy(from: string, to: string): Promise<boolean> {
    this.#parts.beforeWrite(`copy ${from} -> ${to}`);
    return this.#parts.rpc.copy(from, to);
  }
}
