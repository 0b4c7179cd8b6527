import { status } from '@grpc/grpc-js';
import { RpcError } from '../rpc/rpc-error.js';

export const BLOCK_BYTES = 8 * 1024 * 1024;

/** `FileEntry.FileType` of Modal's API. */
export enum FileType {
  File = 1,
  Directory = 2,
}

export interface StoredFile {
  readonly size: number;
  /** SHA-256 of each block, in hex. */
  readonly blocks: readonly string[];
  readonly mode: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
}

export interface TreeEntry {
  readonly path: string;
  readonly type: FileType;
  readonly mtime: number;
  readonly size: number;
}

/** The names in one volume: files with their blocks, and directories, which stay when they get empty. */
export class VolumeTree {
  private readonly files = new Map<string, StoredFile>();
  private readonly directories = new Map<string, number>([['', now()]]);

  /** As it is now. */
  copyOfAll(): VolumeTree {
    const copy = new VolumeTree();
    for (const [path, file] of this.files) copy.files.set(path, file);
    for (const [path, mtime] of this.directories) copy.directories.set(path, mtime);
    return copy;
  }

  file(path: string): StoredFile | undefined {
    return this.files.get(normalise(path));
  }

  isDirectory(path: string): boolean {
    return this.directories.has(normalise(path));
  }

  /** @throws RpcError for a path that can't be a file's */
  requireFilePath(path: string): void {
    const name = normalise(path);
    if (name === '' || this.directories.has(name))
      throw new RpcError(status.FAILED_PRECONDITION, `${path} is a directory`);
    for (const parent of parents(name)) {
      if (this.files.has(parent)) throw new RpcError(status.FAILED_PRECONDITION, `${parent} is not a directory`);
    }
  }

  put(path: string, file: Omit<StoredFile, 'mtime'>): void {
    this.requireFilePath(path);
    const name = normalise(path);
    for (const parent of parents(name)) this.makeDirectory(parent);
    this.files.set(name, { ...file, mtime: now() });
  }

  makeDirectory(path: string): void {
    if (!this.directories.has(path)) this.directories.set(path, now());
  }

  /** Sorted by path. @throws RpcError NOT_FOUND */
  list(path: string, recursive: boolean): TreeEntry[] {
    const name = normalise(path);
    const file = this.files.get(name);
    if (file !== undefined) return [{ path: name, type: FileType.File, mtime: file.mtime, size: file.size }];
    if (!this.directories.has(name)) throw notFound(path);
    const prefix = name === '' ? '' : `${name}/`;
    const isListed = (entry: string): boolean =>
      entry !== name && entry.startsWith(prefix) && (recursive || !entry.slice(prefix.length).includes('/'));
    const entries: TreeEntry[] = [];
    for (const [entry, mtime] of this.directories) {
      if (isListed(entry)) entries.push({ path: entry, type: FileType.Directory, mtime, size: 0 });
    }
    for (const [entry, { mtime, size }] of this.files) {
      if (isListed(entry)) entries.push({ path: entry, type: FileType.File, mtime, size });
    }
    return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** @throws RpcError NOT_FOUND, FAILED_PRECONDITION for a directory that isn't empty */
  remove(path: string, recursive: boolean): void {
    const name = normalise(path);
    if (this.files.delete(name)) return;
    const inside = this.list(path, true);
    if (inside.length > 0 && !recursive) throw new RpcError(status.FAILED_PRECONDITION, `${path} is not empty`);
    for (const entry of inside) {
      this.files.delete(entry.path);
      this.directories.delete(entry.path);
    }
    if (name !== '') this.directories.delete(name);
  }

  /** As `cp`: into a directory that exists, otherwise under the name. @throws RpcError */
  copy(source: string, destination: string, recursive: boolean): void {
    const from = normalise(source);
    const target = normalise(destination);
    const to = this.directories.has(target) ? normalise(`${target}/${from.slice(from.lastIndexOf('/') + 1)}`) : target;
    const file = this.files.get(from);
    if (file !== undefined) {
      this.put(to, file);
      return;
    }
    if (!recursive) throw new RpcError(status.INVALID_ARGUMENT, `${source} is a directory`);
    for (const entry of this.list(from, true)) {
      const copied = this.files.get(entry.path);
      const copyPath = to + entry.path.slice(from.length);
      if (copied === undefined) this.makeDirectory(copyPath);
      else this.put(copyPath, copied);
    }
  }
}

/** Without slashes at its ends. @throws RpcError for a path that leaves the volume */
function normalise(path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw new RpcError(status.INVALID_ARGUMENT, `${path} leaves the volume`);
  return segments.join('/');
}

function parents(path: string): string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

export function notFound(path: string): RpcError {
  return new RpcError(status.NOT_FOUND, `No such file or directory: ${path}`);
}
