import { open, type FileHandle } from 'node:fs/promises';
import type { FileProblemReporter } from '../errors/file-problem.js';
import { modelDirectoryError } from '../errors/model-directory-error.js';
import { toFloat32, toFloat64 } from './number-formats.js';
import {
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  parseSafetensorsHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from './safetensors-header.js';

/** Bytes read at once: progress stays visible and no single read passes the system's limit. */
const READ_BYTES = 32 * 1024 * 1024;

/**
 * TensorFlow takes memory over that begins at a multiple of 64 bytes, and copies any other, whose original then stays until the next garbage collection. The C
 * library gives a large piece of memory 16 bytes after the beginning of a page.
 */
const ALIGNED_OFFSET = 48;

/** One safetensors file, its header checked, its tensors read one by one when they are asked for. */
export class SafetensorsFile {
  private constructor(
    readonly path: string,
    readonly header: SafetensorsHeader,
    private readonly handle: FileHandle,
    private readonly fail: FileProblemReporter,
  ) {}

  /**
   * Opens a file and checks its header against its size.
   * @param fail makes the error; by default the file is a base model's
   * @throws ModelDirectoryError (or what `fail` makes) when it is missing, cut, or inconsistent
   */
  static async open(path: string, fail: FileProblemReporter = modelDirectoryError): Promise<SafetensorsFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, 'r');
    } catch (error) {
      const found = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(error);
      throw fail({ file: path, expected: 'a readable safetensors file', found }, { cause: error });
    }
    try {
      return new SafetensorsFile(path, await readHeader(path, handle, fail), handle, fail);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  has(name: string): boolean {
    return this.header.entries.has(name);
  }

  /** @throws what `fail` makes when there is no such tensor */
  entry(name: string): SafetensorsEntry {
    const entry = this.header.entries.get(name);
    if (entry === undefined) {
      throw this.fail({ file: this.path, tensor: name, expected: 'a tensor of this name', found: 'none' });
    }
    return entry;
  }

  /** A tensor's bytes as they lie in the file, in a buffer of their own. `onRead` is told of each piece's bytes. */
  async readBytes(name: string, onRead?: (bytes: number) => void): Promise<Uint8Array> {
    const { position, byteLength } = this.entry(name);
    const bytes = new Uint8Array(new ArrayBuffer(ALIGNED_OFFSET + byteLength), ALIGNED_OFFSET);
    let done = 0;
    while (done < byteLength) {
      const { bytesRead } = await this.handle.read(
        bytes,
        done,
        Math.min(READ_BYTES, byteLength - done),
        position + done,
      );
      if (bytesRead === 0) {
        const found = `the file's end after ${done}`;
        throw this.fail({ file: this.path, tensor: name, expected: `${byteLength} bytes`, found });
      }
      done += bytesRead;
      onRead?.(bytesRead);
    }
    return bytes;
  }

  /** Row-major values of an F32, F16 or BF16 tensor; exact. */
  async readFloat32(name: string): Promise<Float32Array> {
    const { dtype } = this.entry(name);
    if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
      throw this.fail({ file: this.path, tensor: name, expected: 'dtype F32, F16 or BF16', found: dtype });
    }
    return toFloat32(await this.readBytes(name), dtype);
  }

  /** Row-major values of an F64, F32, F16, BF16 or I64 tensor; whole numbers beyond 2⁵³ are rounded. */
  async readFloat64(name: string): Promise<Float64Array> {
    const { dtype } = this.entry(name);
    if (dtype === 'F64' || dtype === 'I64') return toFloat64(await this.readBytes(name), dtype);
    return Float64Array.from(await this.readFloat32(name));
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

async function readHeader(file: string, handle: FileHandle, fail: FileProblemReporter): Promise<SafetensorsHeader> {
  const { size } = await handle.stat();
  if (size < LENGTH_BYTES) {
    throw fail({ file, expected: `at least ${LENGTH_BYTES} bytes`, found: `a file of ${size} bytes (cut short?)` });
  }
  const lengthBytes = Buffer.alloc(LENGTH_BYTES);
  await handle.read(lengthBytes, 0, LENGTH_BYTES, 0);
  const length = lengthBytes.readBigUInt64LE();
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw fail({ file, expected: `a header of at most ${MAX_HEADER_BYTES} bytes`, found: `a length of ${length}` });
  }
  const headerBytes = Number(length);
  if (LENGTH_BYTES + headerBytes > size) {
    const found = `a file of ${size} bytes (cut short?)`;
    throw fail({ file, expected: `a header of ${headerBytes} bytes`, found });
  }
  const header = Buffer.alloc(headerBytes);
  await handle.read(header, 0, headerBytes, LENGTH_BYTES);
  return parseSafetensorsHeader(file, header.toString('utf8'), headerBytes, size, fail);
}
