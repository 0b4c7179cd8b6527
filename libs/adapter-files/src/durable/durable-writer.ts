import { mkdir, open, rename, rm, symlink, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Called before each change to the disk with what is about to happen. Tests throw from it to stop a store at that point. */
export type BeforeWrite = (step: string) => void;

/** The only place that changes the disk: each method is durable when it returns, and is one possible point of a crash. */
export class DurableWriter {
  constructor(private readonly beforeWrite: BeforeWrite = () => undefined) {}

  async makeDirectory(path: string): Promise<void> {
    this.beforeWrite(`mkdir ${path}`);
    const firstMade = await mkdir(path, { recursive: true });
    if (firstMade !== undefined) await syncPath(dirname(firstMade));
  }

  /** A file that nobody reads under this name yet. */
  async createFile(path: string, content: string | Uint8Array): Promise<void> {
    this.beforeWrite(`create ${path}`);
    const file = await open(path, 'wx');
    try {
      this.beforeWrite(`fill ${path}`);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncPath(dirname(path));
  }

  /** Readers see the old content or the new one. `temporary` must be on the same file system. */
  async replaceFile(path: string, content: string, temporary: string): Promise<void> {
    await this.createFile(temporary, content);
    await this.move(temporary, path);
  }

  /** Fails with ENOTEMPTY or EEXIST where `to` is a directory that has something in it. */
  async move(from: string, to: string): Promise<void> {
    this.beforeWrite(`rename ${from} -> ${to}`);
    await rename(from, to);
    await syncPath(dirname(to));
    if (dirname(from) !== dirname(to)) await syncPath(dirname(from));
  }

  /** Fails with EEXIST where something is. */
  async createLink(target: string, path: string): Promise<void> {
    this.beforeWrite(`symlink ${path} -> ${target}`);
    await symlink(target, path);
  }

  /** As {@link replaceFile}, for a link. */
  async replaceLink(path: string, target: string, temporary: string): Promise<void> {
    await this.createLink(target, temporary);
    await this.move(temporary, path);
  }

  async removeFile(path: string): Promise<void> {
    this.beforeWrite(`unlink ${path}`);
    await unlink(path);
  }

  async removeTree(path: string): Promise<void> {
    this.beforeWrite(`rm -r ${path}`);
    await rm(path, { recursive: true, force: true });
  }
}

/** Flushes a file, or the names in a directory. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
