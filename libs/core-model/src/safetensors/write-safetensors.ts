import { open } from 'node:fs/promises';

/** A float32 tensor to be written. */
export interface TensorToWrite {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/**
 * Writes F32 tensors, sorted by name, so that the same tensors always give the same bytes; on disk when it returns.
 * The file must not exist yet. Source: https://github.com/huggingface/safetensors#format
 * @throws RangeError when a shape and its data disagree, before anything is written
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorToWrite>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Promise<void> {
  const names = [...tensors.keys()].sort();
  const header: Record<string, unknown> = { __metadata__: metadata };
  const pieces: Uint8Array[] = [];
  let offset = 0;
  for (const name of names) {
    const { shape, data } = tensors.get(name)!;
    const elements = shape.reduce((product, size) => product * size, 1);
    if (elements !== data.length) {
      throw new RangeError(`${name}: shape [${shape.join(', ')}] has ${elements} elements, the data ${data.length}`);
    }
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    pieces.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.byteLength;
  }

  const handle = await open(path, 'wx');
  try {
    for (const piece of [headerBytes(header), ...pieces]) {
      for (let done = 0; done < piece.byteLength;) {
        done += (await handle.write(piece, done, piece.byteLength - done)).bytesWritten;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Length and JSON, padded with spaces so that the data begins at a multiple of eight. */
function headerBytes(header: Readonly<Record<string, unknown>>): Uint8Array {
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const paddedLength = Math.ceil(json.byteLength / 8) * 8;
  const bytes = Buffer.alloc(8 + paddedLength, ' ');
  bytes.writeBigUInt64LE(BigInt(paddedLength), 0);
  json.copy(bytes, 8);
  return bytes;
}
