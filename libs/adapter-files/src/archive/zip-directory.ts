import { AdapterArchiveInvalidError } from '@claas/contracts';

/** What an archive declares of one entry, before anything is unpacked. */
export interface ZipDirectoryEntry {
  readonly name: string;
  readonly bytes: number;
  readonly crc32: number;
  readonly isEncrypted: boolean;
  /** File type bits of a Unix mode, 0 where the archive has none. */
  readonly unixFileType: number;
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;

/**
 * The central directory of a zip (APPNOTE 6.3.10, 4.3.12 and 4.3.16), entry by entry, duplicates included: JSZip keeps only
 * one entry of a name, and would have to be trusted with the rest.
 * @throws AdapterArchiveInvalidError when it isn't a whole, plain zip: cut, in several parts, or with 64-bit fields
 */
export function readZipDirectory(archive: Uint8Array): ZipDirectoryEntry[] {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || end + END_BYTES > bytes.length || bytes.readUInt32LE(end) !== END_SIGNATURE) {
    throw new AdapterArchiveInvalidError('it is not a zip, or its end is missing. Send the file as it was exported.');
  }
  const commentBytes = bytes.readUInt16LE(end + 20);
  if (end + END_BYTES + commentBytes !== bytes.length) throw damaged();
  const count = bytes.readUInt16LE(end + 10);
  const start = bytes.readUInt32LE(end + 16);
  const entries: ZipDirectoryEntry[] = [];
  let position = start;
  for (let index = 0; index < count; index += 1) {
    if (position + ENTRY_BYTES > end || bytes.readUInt32LE(position) !== ENTRY_SIGNATURE) throw damaged();
    const nameBytes = bytes.readUInt16LE(position + 28);
    const next =
      position + ENTRY_BYTES + nameBytes + bytes.readUInt16LE(position + 30) + bytes.readUInt16LE(position + 32);
    if (next > end) throw damaged();
    entries.push({
      name: bytes.toString('utf8', position + ENTRY_BYTES, position + ENTRY_BYTES + nameBytes),
      bytes: bytes.readUInt32LE(position + 24),
      crc32: bytes.readUInt32LE(position + 16),
      isEncrypted: (bytes.readUInt16LE(position + 8) & 1) === 1,
      unixFileType: (bytes.readUInt32LE(position + 38) >>> 16) & 0o170000,
    });
    position = next;
  }
  if (position !== end) throw damaged();
  return entries;
}

function damaged(): AdapterArchiveInvalidError {
  return new AdapterArchiveInvalidError(
    'its table of contents is damaged or not a plain zip of one part. Zip the two files again with a common tool.',
  );
}
