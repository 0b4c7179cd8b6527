import { accessSync, constants, existsSync, statSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { gigabytes } from '../gigabytes.js';
import { ok, problem } from '../finding.js';
import type { Check } from '../patient.js';

export const checkDisk: Check = ({ plan: { dataDirectory }, minDiskBytes }) => {
  const place = nearestExisting(dataDirectory);
  if (!statSync(place).isDirectory()) {
    return Promise.resolve([
      problem('data_dir', `${place} is a file.`, 'Give another directory with --data-dir or CLAAS_DATA_DIR.'),
    ]);
  }
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  return Promise.resolve([
    isWritable(place)
      ? ok('data_dir', dataDirectory)
      : problem(
          'data_dir',
          `${place} can't be written.`,
          'Change its owner, or give another directory with --data-dir.',
        ),
    free >= minDiskBytes
      ? ok('disk', `${gigabytes(free)} are free at ${place}`)
      : problem(
          'disk',
          `${gigabytes(free)} are free at ${place}, ${gigabytes(minDiskBytes)} are needed.`,
          'Make room there, give another disk with --data-dir, keep fewer versions (CLAAS_KEEP_VERSIONS), or give --min-disk.',
        ),
  ]);
};

function nearestExisting(directory: string): string {
  return existsSync(directory) ? directory : nearestExisting(path.dirname(directory));
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
