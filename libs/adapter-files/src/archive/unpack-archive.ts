import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import JSZip from 'jszip';
import { AdapterArchiveInvalidError, type ArchiveLimits } from '@claas/contracts';
import { hasSystemCode } from '../durable/system-error.js';
import { PEFT_FILES } from '../version/version-files.js';
import { readZipDirectory, type ZipDirectoryEntry } from './zip-directory.js';

const EXPECTED = `It must hold ${PEFT_FILES.join(' and ')} at its root and nothing else`;
const REGULAR_FILE = 0o100000;

/**
 * Unpacks PEFT's two files into `directory`. Names, sizes and types are checked in the archive's table of contents before anything
 * is inflated, then names again as JSZip understood them, and sizes and checksums while inflating.
 * @throws AdapterArchiveInvalidError
 */
export async function unpackArchive(archive: Uint8Array, directory: string, limits: ArchiveLimits): Promise<void> {
  if (archive.byteLength > limits.maxArchiveBytes) {
    throw new AdapterArchiveInvalidError(
      `it has ${archive.byteLength} bytes, more than the ${limits.maxArchiveBytes} that are allowed. Send a smaller adapter (lower rank), or raise the limit.`,
    );
  }
  const declared = readZipDirectory(archive);
  checkDeclared(declared, limits);
  const zip = await loadZip(archive);
  for (const entry of declared) {
    const file = zip.file(entry.name);
    const nameInside = file?.unsafeOriginalName;
    if (file === null || file.dir || nameInside !== entry.name || Object.keys(zip.files).length !== declared.length) {
      throw new AdapterArchiveInvalidError(
        `${quoted(nameInside ?? entry.name)} is stored under another name than it is listed.`,
      );
    }
    await inflate(file, entry, join(directory, entry.name));
  }
}

function checkDeclared(entries: readonly ZipDirectoryEntry[], limits: ArchiveLimits): void {
  const names = new Set<string>();
  for (const { name, isEncrypted, unixFileType } of entries) {
    if (isEncrypted) throw new AdapterArchiveInvalidError('it is encrypted. Zip the two files without a password.');
    if (!(PEFT_FILES as readonly string[]).includes(name)) {
      throw new AdapterArchiveInvalidError(`${quoted(name)} doesn't belong in it. ${EXPECTED}.`);
    }
    if (unixFileType !== 0 && unixFileType !== REGULAR_FILE) {
      throw new AdapterArchiveInvalidError(`${quoted(name)} is a link or a special file. Put the file itself into it.`);
    }
    if (names.has(name)) throw new AdapterArchiveInvalidError(`${quoted(name)} is in it twice. ${EXPECTED}.`);
    names.add(name);
  }
  const missing = PEFT_FILES.filter((name) => !names.has(name));
  if (missing.length > 0) throw new AdapterArchiveInvalidError(`${missing.join(' and ')} is missing. ${EXPECTED}.`);
  const unpackedBytes = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  if (unpackedBytes > limits.maxUnpackedBytes) {
    throw new AdapterArchiveInvalidError(
      `it unpacks to ${unpackedBytes} bytes, more than the ${limits.maxUnpackedBytes} that are allowed. Send a smaller adapter (lower rank), or raise the limit.`,
    );
  }
}

async function loadZip(archive: Uint8Array): Promise<JSZip> {
  try {
    return await JSZip.loadAsync(archive);
  } catch (error) {
    throw unreadable(error);
  }
}

/** The declared size is within the limits, so that holding the stream to it bounds what a bomb can write. */
async function inflate(file: JSZip.JSZipObject, declared: ZipDirectoryEntry, path: string): Promise<void> {
  let bytes = 0;
  let checksum = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      checksum = crc32(chunk, checksum);
      if (bytes > declared.bytes) done(wrongContent(declared.name));
      else done(null, chunk);
    },
    flush(done) {
      done(bytes === declared.bytes && checksum === declared.crc32 ? null : wrongContent(declared.name));
    },
  });
  try {
    await pipeline(new Readable().wrap(file.nodeStream()), check, createWriteStream(path, { flags: 'wx' }));
  } catch (error) {
    if (error instanceof AdapterArchiveInvalidError || hasSystemCode(error, 'ENOSPC', 'EDQUOT', 'EIO', 'EACCES'))
      throw error;
    throw unreadable(error);
  }
}

function wrongContent(name: string): AdapterArchiveInvalidError {
  return new AdapterArchiveInvalidError(
    `the content of ${quoted(name)} has another size or checksum than it declares: it is damaged. Export or download it again.`,
  );
}

function unreadable(error: unknown): AdapterArchiveInvalidError {
  const reason = error instanceof Error ? error.message : String(error);
  return new AdapterArchiveInvalidError(`it can't be read (${reason.slice(0, 200)}). Export or download it again.`);
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}
