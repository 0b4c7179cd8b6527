import type { ModalClient } from 'modal';
import { GrpcStatus, grpcStatusOf } from './modal-errors.js';
import { withLimit } from './with-limit.js';

export interface VolumeEntry {
  /** From the volume's root. */
  readonly path: string;
  readonly isDirectory: boolean;
  readonly modifiedMs: number;
}

export interface PutFile {
  readonly path: string;
  readonly size: number;
  readonly blocks: { readonly contentsSha256: Uint8Array; readonly putResponse?: Uint8Array }[];
}

export interface MissingBlock {
  readonly blockIndex: number;
  readonly putUrl: string;
}

/** `FileEntry.FileType` of Modal's API. */
const DIRECTORY = 2;
const LIST_ATTEMPTS = 4;
/** What the SDK itself retries, but not for streams: cancelled, unknown, deadline, internal, unavailable. */
const PASSING_CODES = [1, 2, 4, 13, 14];

/** Modal's calls for the files of one volume, each attempt with a limit. Paths are relative to the volume's root. */
export class VolumeRpc {
  constructor(
    private readonly client: ModalClient,
    readonly volumeId: string,
    private readonly attemptMs: number,
  ) {}

  /** Null when there is no such directory. */
  async list(path: string, recursive: boolean): Promise<VolumeEntry[] | null> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#limited('VolumeListFiles2', (timeoutMs) => this.#list(path, recursive, timeoutMs));
      } catch (error) {
        const code = grpcStatusOf(error);
        if (code === GrpcStatus.notFound) return null;
        if (attempt === LIST_ATTEMPTS || !PASSING_CODES.includes(code ?? 0)) throw error;
      }
    }
  }

  /** The blocks that have to come first, none when the file is in place; `exists` where one is and may not be overwritten. */
  async putFile(file: PutFile, createOnly: boolean): Promise<readonly MissingBlock[] | 'exists'> {
    const request = {
      volumeId: this.volumeId,
      files: [{ ...file }],
      disallowOverwriteExistingFiles: createOnly,
    };
    try {
      const { missingBlocks } = await this.#limited('VolumePutFiles2', (timeoutMs) =>
        this.client.cpClient.volumePutFiles2(request, { timeoutMs }),
      );
      return missingBlocks;
    } catch (error) {
      if (createOnly && grpcStatusOf(error) === GrpcStatus.alreadyExists) return 'exists';
      throw error;
    }
  }

  /** A URL for each block; null when there is no such file. */
  async getFile(path: string): Promise<{ readonly urls: readonly string[]; readonly bytes: number } | null> {
    const request = { volumeId: this.volumeId, path, start: 0, len: 0, clientPadsBlocks: false };
    const answer = await unlessNotFound(
      this.#limited('VolumeGetFile2', (timeoutMs) => this.client.cpClient.volumeGetFile2(request, { timeoutMs })),
    );
    return answer === null ? null : { urls: answer.getUrls, bytes: answer.size };
  }

  /** A file, or a directory with everything in it. False when there is none. */
  async remove(path: string): Promise<boolean> {
    const request = { volumeId: this.volumeId, path, recursive: true };
    const removed = this.#limited('VolumeRemoveFile2', (timeoutMs) =>
      this.client.cpClient.volumeRemoveFile2(request, { timeoutMs }),
    );
    return (await unlessNotFound(removed)) !== null;
  }

  /** Copies one file within the volume. False when there is none. */
  async copy(from: string, to: string): Promise<boolean> {
    const request = { volumeId: this.volumeId, srcPaths: [from], dstPath: to, recursive: false };
    const copied = this.#limited('VolumeCopyFiles2', (timeoutMs) =>
      this.client.cpClient.volumeCopyFiles2(request, { timeoutMs }),
    );
    return (await unlessNotFound(copied)) !== null;
  }

  async #list(path: string, recursive: boolean, timeoutMs: number): Promise<VolumeEntry[]> {
    const entries: VolumeEntry[] = [];
    const request = { volumeId: this.volumeId, path, recursive };
    for await (const answer of this.client.cpClient.volumeListFiles2(request, { timeoutMs })) {
      for (const { path: entryPath, type, mtime } of answer.entries) {
        const isDirectory = (type as number) === DIRECTORY;
        entries.push({ path: entryPath.replace(/^\/+/, ''), isDirectory, modifiedMs: mtime * 1000 });
      }
    }
    return entries;
  }

  #limited<T>(rpc: string, call: (timeoutMs: number) => Promise<T>): Promise<T> {
    return withLimit(rpc, this.attemptMs, call);
  }
}

async function unlessNotFound<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (grpcStatusOf(error) === GrpcStatus.notFound) return null;
    throw error;
  }
}
