import type { ModalClient } from 'modal';
import { GrpcStatus, grpcStatusOf } from './grpc-status.js';
import { retryCall } from './retry-call.js';

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

/** Modal's calls for the files of one volume, each attempt with a limit. Paths are relative to the volume's root. */
export class VolumeRpc {
  constructor(
    private readonly client: ModalClient,
    readonly volumeId: string,
    private readonly callTimeoutMs: number,
  ) {}

  /** Null when there is no such directory. */
  async list(path: string, recursive: boolean): Promise<VolumeEntry[] | null> {
    return unlessNotFound(this.#call('VolumeListFiles2', (options) => this.#list(path, recursive, options)));
  }

  /** The blocks that have to come first, none when the file is in place; `exists` where one is and may not be overwritten. */
  async putFile(file: PutFile, createOnly: boolean): Promise<readonly MissingBlock[] | 'exists'> {
    const request = {
      volumeId: this.volumeId,
      files: [{ ...file }],
      disallowOverwriteExistingFiles: createOnly,
    };
    try {
      const { missingBlocks } = await this.#call('VolumePutFiles2', (options) =>
        this.client.cpClient.volumePutFiles2(request, options),
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
      this.#call('VolumeGetFile2', (options) => this.client.cpClient.volumeGetFile2(request, options)),
    );
    return answer === null ? null : { urls: answer.getUrls, bytes: answer.size };
  }

  /** A file, or a directory with everything in it. False when there is none. */
  async remove(path: string): Promise<boolean> {
    const request = { volumeId: this.volumeId, path, recursive: true };
    const removed = this.#call('VolumeRemoveFile2', (options) =>
      this.client.cpClient.volumeRemoveFile2(request, options),
    );
    return (await unlessNotFound(removed)) !== null;
  }

  /** Copies one file within the volume. False when there is none. */
  async copy(from: string, to: string): Promise<boolean> {
    const request = { volumeId: this.volumeId, srcPaths: [from], dstPath: to, recursive: false };
    const copied = this.#call('VolumeCopyFiles2', (options) => this.client.cpClient.volumeCopyFiles2(request, options));
    return (await unlessNotFound(copied)) !== null;
  }

  async #list(path: string, recursive: boolean, options: { readonly timeoutMs: number }): Promise<VolumeEntry[]> {
    const entries: VolumeEntry[] = [];
    const request = { volumeId: this.volumeId, path, recursive };
    for await (const answer of this.client.cpClient.volumeListFiles2(request, options)) {
      for (const { path: entryPath, type, mtime } of answer.entries) {
        const isDirectory = (type as number) === DIRECTORY;
        entries.push({ path: entryPath.replace(/^\/+/, ''), isDirectory, modifiedMs: mtime * 1000 });
      }
    }
    return entries;
  }

  #call<T>(rpc: string, call: (options: { readonly timeoutMs: number }) => Promise<T>): Promise<T> {
    return retryCall(rpc, this.callTimeoutMs, call);
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
