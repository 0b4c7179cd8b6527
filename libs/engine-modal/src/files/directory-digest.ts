import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** SHA-256 of a file, in hex. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Names of the files directly in a directory, sorted; `names` alone where they are given. */
export async function filesIn(directory: string, names?: readonly string[]): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && (names?.includes(entry.name) ?? true))
    .map((entry) => entry.name)
    .sort();
}

/** What a directory's files are, by content: equal for a copy, and never for anything else. */
export async function directoryDigest(directory: string, names: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\0${await fileDigest(join(directory, name))}\0`);
  return hash.digest('hex').slice(0, 32);
}

/** Changes when a file of a directory is replaced; cheap, so that contents are read only once. */
export async function directoryIdentity(directory: string, names: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    names.map(async (name) => {
      const { ino, size, mtimeMs } = await stat(join(directory, name));
      return `${name}:${ino}:${size}:${mtimeMs}`;
    }),
  );
  return [directory, ...parts].join('|');
}
