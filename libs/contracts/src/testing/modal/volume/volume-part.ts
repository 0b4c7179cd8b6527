import { status } from '@grpc/grpc-js';
import { NamedObjects, ObjectCreation } from '../account/named-objects.js';
import type { ModalPart } from '../rpc/modal-part.js';
import { RpcError } from '../rpc/rpc-error.js';
import type { BlockServer } from './block-server.js';
import type { BlockStore } from './block-store.js';
import { VOLUME_MESSAGES, VOLUME_RPCS } from './volume-schema.js';
import type {
  CopyFilesRequest,
  GetFileRequest,
  ListFilesRequest,
  PutFilesRequest,
  RemoveFileRequest,
  VolumeGetOrCreateRequest,
} from './volume-schema.js';
import { BLOCK_BYTES, VolumeTree, notFound } from './volume-tree.js';

const VERSION_2 = 2;
const ENTRIES_PER_MESSAGE = 500;
const DEFAULT_MODE = 0o644;

/** Volumes of the second version, by their RPCs. */
export class Volumes {
  private readonly names = new NamedObjects('vo', 'Volume');
  private readonly trees = new Map<string, VolumeTree>();
  private readonly listed = new Map<string, VolumeTree>();

  constructor(
    private readonly blocks: BlockStore,
    private readonly server: BlockServer,
  ) {}

  get part(): ModalPart {
    return {
      service: 'modal.client.ModalClient',
      messages: VOLUME_MESSAGES,
      rpcs: VOLUME_RPCS,
      handlers: {
        VolumeGetOrCreate: (request: VolumeGetOrCreateRequest) => this.getOrCreate(request),
        VolumeGetById: ({ volumeId }: { volumeId: string }) => {
          this.tree(volumeId);
          return { volumeId, metadata: { version: VERSION_2, name: this.names.nameOf(volumeId) } };
        },
        VolumeHeartbeat: () => ({}),
        VolumeDelete: ({ volumeId }: { volumeId: string }) => {
          this.delete(volumeId);
          return {};
        },
        VolumePutFiles2: (request: PutFilesRequest) => this.putFiles(request),
        VolumeGetFile2: (request: GetFileRequest) => this.getFile(request),
        VolumeListFiles2: (request: ListFilesRequest) => this.listFiles(request),
        VolumeRemoveFile2: ({ volumeId, path, recursive }: RemoveFileRequest) => {
          this.tree(volumeId).remove(path, recursive);
          return {};
        },
        VolumeCopyFiles2: ({ volumeId, srcPaths, dstPath, recursive }: CopyFilesRequest) => {
          for (const source of srcPaths) this.tree(volumeId).copy(source, dstPath, recursive);
          return {};
        },
      },
    };
  }

  /** What is in a volume now. @throws RpcError NOT_FOUND */
  tree(volumeId: string): VolumeTree {
    const tree = this.trees.get(volumeId);
    if (tree === undefined) throw new RpcError(status.NOT_FOUND, `Volume with ID ${volumeId} not found`);
    return tree;
  }

  /** By its name in the environment that is the default. */
  named(name: string): VolumeTree {
    return this.tree(this.names.find(nameIn('', name), ObjectCreation.Lookup));
  }

  /** A new volume with what another holds now. */
  copy(name: string, as: string): void {
    this.trees.set(this.names.create(nameIn('', as)), this.named(name).copyOfAll());
  }

  /** From now on listings show what is there now, while files are read and written as they are. */
  holdListings(): void {
    for (const [volumeId, tree] of this.trees) this.listed.set(volumeId, tree.copyOfAll());
  }

  releaseListings(): void {
    this.listed.clear();
  }

  delete(volumeId: string): void {
    this.tree(volumeId);
    this.trees.delete(volumeId);
    this.names.delete(volumeId);
  }

  private getOrCreate({ deploymentName, environmentName, objectCreationType }: VolumeGetOrCreateRequest): object {
    const volumeId = this.names.find(nameIn(environmentName, deploymentName), objectCreationType);
    if (!this.trees.has(volumeId)) this.trees.set(volumeId, new VolumeTree());
    return { volumeId, version: VERSION_2, metadata: { version: VERSION_2, name: deploymentName } };
  }

  /** Files appear when every block of all of them is there; until then, what is missing is asked for and nothing changes. */
  private putFiles({ volumeId, files, disallowOverwriteExistingFiles }: PutFilesRequest): object {
    const tree = this.tree(volumeId);
    const missingBlocks: object[] = [];
    for (const [fileIndex, { path, size, blocks }] of files.entries()) {
      tree.requireFilePath(path);
      const current = tree.file(path);
      if (disallowOverwriteExistingFiles && current !== undefined) {
        throw new RpcError(status.ALREADY_EXISTS, `${path} already exists`);
      }
      if (blocks.length !== Math.ceil(size / BLOCK_BYTES)) {
        throw new RpcError(status.INVALID_ARGUMENT, `${path} has ${size} bytes and ${blocks.length} blocks`);
      }
      for (const [blockIndex, { contentsSha256, putResponse }] of blocks.entries()) {
        const sha256 = contentsSha256.toString('hex');
        const isThere =
          current?.blocks[blockIndex] === sha256 ||
          (putResponse !== undefined && this.blocks.isProven(sha256, putResponse));
        if (isThere) continue;
        missingBlocks.push({ fileIndex, blockIndex, putUrl: this.server.url(this.blocks.grant('PUT', sha256)) });
      }
    }
    if (missingBlocks.length > 0) return { missingBlocks };
    for (const { path, size, blocks, mode = DEFAULT_MODE } of files) {
      tree.put(path, { size, mode, blocks: blocks.map(({ contentsSha256 }) => contentsSha256.toString('hex')) });
    }
    return { missingBlocks };
  }

  private getFile({ volumeId, path, start, len }: GetFileRequest): object {
    const tree = this.tree(volumeId);
    const file = tree.file(path);
    if (file === undefined) {
      if (tree.isDirectory(path)) throw new RpcError(status.INVALID_ARGUMENT, `${path} is a directory`);
      throw notFound(path);
    }
    const end = Math.min(file.size, len === 0 ? file.size : start + len);
    const getUrls: string[] = [];
    for (let index = Math.floor(start / BLOCK_BYTES); index * BLOCK_BYTES < end; index += 1) {
      const offset = index * BLOCK_BYTES;
      const range = [Math.max(start - offset, 0), Math.min(end - offset, BLOCK_BYTES)] as const;
      getUrls.push(this.server.url(this.blocks.grant('GET', file.blocks[index]!, range)));
    }
    return { getUrls, size: file.size, start, len: Math.max(end - start, 0) };
  }

  private async *listFiles({ volumeId, path, recursive, maxEntries }: ListFilesRequest): AsyncIterable<object> {
    const entries = (this.listed.get(volumeId) ?? this.tree(volumeId))
      .list(path, recursive)
      .slice(0, maxEntries ?? Infinity);
    for (let first = 0; first < entries.length; first += ENTRIES_PER_MESSAGE) {
      yield { entries: entries.slice(first, first + ENTRIES_PER_MESSAGE) };
    }
  }
}

function nameIn(environment: string, name: string): string {
  return `${environment || 'main'}/${name}`;
}
