import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipFixtureEntry {
  readonly name: string;
  readonly content: Uint8Array;
  /** Another name in front of the content than in the table of contents. */
  readonly localName?: string;
  readonly deflated?: boolean;
  readonly encrypted?: boolean;
  /** Unix mode, such as 0o120777 for a symbolic link. */
  readonly mode?: number;
  readonly declaredBytes?: number;
  readonly declaredCrc32?: number;
}

/** A zip written byte by byte (APPNOTE 6.3.10, 4.3), so that it can say what no ordinary tool would write. */
export function zipFixture(entries: readonly ZipFixtureEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const data = entry.deflated ? deflateRawSync(entry.content) : Buffer.from(entry.content);
    const localName = Buffer.from(entry.localName ?? entry.name);
    const name = Buffer.from(entry.name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    fieldsOf(entry, data, localName.length).copy(local, 4);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(0x0314, 4);
    fieldsOf(entry, data, name.length).copy(central, 6);
    central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    central.writeUInt32LE(offset, 42);
    parts.push(local, localName, data);
    directory.push(central, name);
    offset += local.length + localName.length + data.length;
  }
  const table = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, table, end]);
}

/** The 26 bytes that both headers of an entry share: version, flags, method, time, checksum, sizes, lengths. */
function fieldsOf(entry: ZipFixtureEntry, data: Buffer, nameBytes: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(entry.encrypted ? 1 : 0, 2);
  fields.writeUInt16LE(entry.deflated ? 8 : 0, 4);
  fields.writeUInt16LE(0x21, 8);
  fields.writeUInt32LE(entry.declaredCrc32 ?? crc32(entry.content), 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(entry.declaredBytes ?? entry.content.byteLength, 18);
  fields.writeUInt16LE(nameBytes, 22);
  return fields;
}
