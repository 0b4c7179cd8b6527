import { statfs } from 'node:fs/promises';
import { SetUpError } from '../set-up/set-up-error.js';

/** @throws SetUpError `too_little_space` when fewer than `bytes` are free where `directory` lies */
export async function checkFreeSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new SetUpError(
    'too_little_space',
    `${gigabytes(bytes)} are needed in ${directory} and ${gigabytes(free)} are free`,
    'make room there, or point CLAAS_CACHE_DIR elsewhere',
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
