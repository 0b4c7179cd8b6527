import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { openPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';

/** Is the file of the archive (path with `/`) wanted? */
export type WantedFile = (name: string) => boolean;

/**
 * Unpacks the wanted files of a zip archive below `directory`, and checks the CRC-32 of each (yauzl checks sizes and that
 * no path leaves the folder).
 * @param onBytes bytes written so far, and of all wanted files
 * @returns how many files were written
 * @throws Error when the archive is cut or damaged
 */
export async function unpackWheel(
  wheel: string,
  directory: string,
  isWanted: WantedFile,
  onBytes: (done: number, total: number) => void,
): Promise<number> {
  const zip = await openPromise(wheel, { autoClose: false });
  try {
    const entries = await wantedEntries(zip, isWanted);
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    let done = 0;
    for (const entry of entries) {
      await unpack(zip, entry, path.join(directory, entry.fileName), (bytes) => {
        done += bytes;
        onBytes(done, total);
      });
    }
    return entries.length;
  } finally {
    zip.close();
  }
}

async function wantedEntries(zip: ZipFile, isWanted: WantedFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.endsWith('/') && isWanted(entry.fileName)) entries.push(entry);
  }
  return entries;
}

async function unpack(zip: ZipFile, entry: Entry, target: string, onBytes: (bytes: number) => void): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  let checksum = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      checksum = crc32(chunk, checksum);
      onBytes(chunk.length);
      done(null, chunk);
    },
  });
  await pipeline(await zip.openReadStreamPromise(entry), check, createWriteStream(target));
  if (checksum !== entry.crc32) throw new Error(`${entry.fileName} is damaged (its checksum is wrong)`);
}
