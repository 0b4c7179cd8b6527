import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { elementCount, weightShapes } from '../shape/model-shape.js';
import type { ModelShape, WeightShape } from '../shape/model-shape.js';
import { bfloat16, RandomBfloat16 } from './random-bfloat16.js';

const NUMBERS_PER_WRITE = 2 ** 22;
const BYTES_PER_NUMBER = 2;

/** Writes random bfloat16 weights as a safetensors file, piece by piece. Norm weights are one. Source: https://github.com/huggingface/safetensors#format */
export async function writeSyntheticWeights(
  file: string,
  shape: ModelShape,
  seed: number,
  onProgress: (writtenBytes: number, totalBytes: number) => void,
): Promise<void> {
  const weights = weightShapes(shape);
  const total = BYTES_PER_NUMBER * weights.reduce((sum, weight) => sum + elementCount(weight), 0);
  const random = new RandomBfloat16(seed);
  const handle = await open(file, 'w');
  try {
    await writeAll(handle, header(weights));
    let written = 0;
    for (const weight of weights) {
      const fill = weight.shape.length === 1 ? fillWithOnes : random.of(weight.name);
      for (let left = elementCount(weight); left > 0; left -= NUMBERS_PER_WRITE) {
        const numbers = new Uint16Array(Math.min(left, NUMBERS_PER_WRITE));
        fill(numbers);
        await writeAll(handle, new Uint8Array(numbers.buffer));
        written += numbers.byteLength;
        onProgress(written, total);
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function header(weights: readonly WeightShape[]): Uint8Array {
  const entries: Record<string, object> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const weight of weights) {
    const end = offset + BYTES_PER_NUMBER * elementCount(weight);
    entries[weight.name] = { dtype: 'BF16', shape: weight.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(entries), 'utf8');
  const length = Math.ceil(json.byteLength / 8) * 8;
  const bytes = Buffer.alloc(8 + length, ' ');
  bytes.writeBigUInt64LE(BigInt(length), 0);
  json.copy(bytes, 8);
  return bytes;
}

function fillWithOnes(numbers: Uint16Array): void {
  numbers.fill(bfloat16(1));
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    done += (await handle.write(bytes, done, bytes.byteLength - done)).bytesWritten;
  }
}
