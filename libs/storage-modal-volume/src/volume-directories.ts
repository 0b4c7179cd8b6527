import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { VolumeFiles } from './files/volume-files.js';
import { digestFile } from './transfer/file-digest.js';
import { progressMeter, type OnTransferProgress } from './version/transfer-progress.js';

/** Flat directories between this machine and the volume, for whoever keeps files of their own there, beside the adapters. */
export class VolumeDirectories {
  constructor(
    private readonly files: () => Promise<VolumeFiles>,
    private readonly explain: <T>(work: () => Promise<T>) => Promise<T>,
    private readonly onProgress: OnTransferProgress,
  ) {}

  /** Puts files of a local directory into a directory of the volume, whole when this returns. */
  upload(localDirectory: string, names: readonly string[], path: string): Promise<void> {
    return this.explain(async () => {
      const files = await this.files();
      for (const name of names) {
        const local = join(localDirectory, name);
        const digest = await digestFile(local, files.buffers);
        const onBytes = progressMeter(this.onProgress, { direction: 'upload', what: name, totalBytes: digest.bytes });
        await files.uploadFile(`${path}/${name}`, { path: local, digest }, onBytes);
      }
    });
  }

  /** Brings files of a directory of the volume into a local one. @throws Error for one that is not there */
  download(path: string, names: readonly string[], localDirectory: string): Promise<void> {
    return this.explain(async () => {
      const files = await this.files();
      await mkdir(localDirectory, { recursive: true });
      for (const name of names) {
        const file = await open(join(localDirectory, name), 'w');
        try {
          if (!(await fill(files, `${path}/${name}`, file))) throw new Error(`${path}/${name} is not there`);
        } finally {
          await file.close();
        }
      }
    });
  }

  /** Names of the files directly in a directory of the volume; none where there is no such directory. */
  list(path: string): Promise<string[]> {
    return this.explain(async () => {
      const entries = (await (await this.files()).list(path)) ?? [];
      return entries.filter(({ isDirectory }) => !isDirectory).map((entry) => entry.path.slice(path.length + 1));
    });
  }
}

async function fill(files: VolumeFiles, path: string, file: FileHandle): Promise<boolean> {
  const done = new Set<number>();
  return files.download({
    path,
    bytes: null,
    isDone: (index) => done.has(index),
    write: async (block, { index, start }) => {
      await file.write(block, 0, block.length, start);
      done.add(index);
    },
  });
}
