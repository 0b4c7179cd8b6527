import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { WeightBytes } from '@claas/tensor-backend';
import { JsonFields } from '../config/json-fields.js';
import { ModelDirectoryError, modelDirectoryError } from '../errors/model-directory-error.js';
import { toFloat32 } from './number-formats.js';
import { SafetensorsFile } from './safetensors-file.js';

export interface WeightFilesOptions {
  /** Told after each piece that was read; `loadedBytes` counts every read, so reading a tensor twice counts twice. */
  readonly onProgress?: (loadedBytes: number, totalBytes: number) => void;
}

const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';

/** The weights of a base model, in one safetensors file or in shards, read one tensor at a time. */
export class WeightFiles {
  private loadedBytes = 0;

  private constructor(
    private readonly directory: string,
    private readonly files: readonly SafetensorsFile[],
    private readonly fileOfTensor: ReadonlyMap<string, SafetensorsFile>,
    private readonly onProgress: WeightFilesOptions['onProgress'],
  ) {}

  /**
   * Opens `model.safetensors`, or every shard that `model.safetensors.index.json` names, and checks all headers.
   * @throws ModelDirectoryError when a file is missing, damaged, or lacks a tensor that the index promises
   */
  static async open(directory: string, options: WeightFilesOptions = {}): Promise<WeightFiles> {
    const files: SafetensorsFile[] = [];
    try {
      const fileOfTensor = (await isThere(join(directory, SINGLE_FILE)))
        ? await openSingle(directory, files)
        : await openShards(directory, files);
      return new WeightFiles(directory, files, fileOfTensor, options.onProgress);
    } catch (error) {
      await Promise.all(files.map((file) => file.close()));
      throw error;
    }
  }

  /** Of all tensors together. */
  get totalBytes(): number {
    return sum([...this.fileOfTensor].map(([name, file]) => file.entry(name).byteLength));
  }

  /** Numbers in all tensors together. */
  get parameters(): number {
    return sum([...this.fileOfTensor].map(([name, file]) => file.entry(name).shape.reduce((a, b) => a * b, 1)));
  }

  get names(): readonly string[] {
    return [...this.fileOfTensor.keys()];
  }

  has(name: string): boolean {
    return this.fileOfTensor.has(name);
  }

  /**
   * A matrix (O, I) in a buffer of its own.
   * @throws ModelDirectoryError when it is missing, has another shape, or isn't F32, F16 or BF16
   */
  async read(name: string, expectedShape: readonly [rows: number, columns: number]): Promise<WeightBytes> {
    const { bytes, format } = await this.readTensor(name, expectedShape);
    return { bytes, format, shape: expectedShape };
  }

  /** A vector such as a bias or a norm's weight, as float32. @throws ModelDirectoryError as `read` */
  async readVector(name: string, length: number): Promise<Float32Array> {
    const { bytes, format } = await this.readTensor(name, [length]);
    return toFloat32(bytes, format);
  }

  async close(): Promise<void> {
    await Promise.all(this.files.map((file) => file.close()));
  }

  private async readTensor(name: string, shape: readonly number[]): Promise<Pick<WeightBytes, 'bytes' | 'format'>> {
    const file = this.fileOfTensor.get(name);
    if (file === undefined) {
      const found = `none among the ${this.fileOfTensor.size} of the model`;
      const place = this.files.length === 1 ? SINGLE_FILE : INDEX_FILE;
      throw new ModelDirectoryError({
        file: join(this.directory, place),
        tensor: name,
        expected: `a tensor of shape ${list(shape)}`,
        found,
      });
    }
    const entry = file.entry(name);
    if (entry.shape.length !== shape.length || entry.shape.some((size, axis) => size !== shape[axis])) {
      const problem = { expected: `shape ${list(shape)}`, found: `shape ${list(entry.shape)}` };
      throw new ModelDirectoryError({ file: file.path, tensor: name, ...problem });
    }
    const format = entry.dtype;
    if (format !== 'F32' && format !== 'F16' && format !== 'BF16') {
      throw new ModelDirectoryError({
        file: file.path,
        tensor: name,
        expected: 'dtype F32, F16 or BF16',
        found: format,
      });
    }
    const totalBytes = this.totalBytes;
    const bytes = await file.readBytes(name, (count) => {
      this.loadedBytes += count;
      this.onProgress?.(this.loadedBytes, totalBytes);
    });
    return { bytes, format };
  }
}

async function openSingle(directory: string, files: SafetensorsFile[]): Promise<Map<string, SafetensorsFile>> {
  const file = await SafetensorsFile.open(join(directory, SINGLE_FILE));
  files.push(file);
  return new Map([...file.header.entries.keys()].map((name) => [name, file]));
}

async function openShards(directory: string, files: SafetensorsFile[]): Promise<Map<string, SafetensorsFile>> {
  const indexPath = join(directory, INDEX_FILE);
  const index = await JsonFields.readIfPresent(indexPath, modelDirectoryError);
  if (index === null) {
    const expected = `${SINGLE_FILE} or ${INDEX_FILE}`;
    throw new ModelDirectoryError({ file: join(directory, SINGLE_FILE), expected, found: 'neither' });
  }
  const weightMap = index.nested('weight_map');
  if (weightMap === null) throw index.problem('weight_map', 'an object from tensor to file', undefined);

  const shards = new Map<string, SafetensorsFile>();
  const fileOfTensor = new Map<string, SafetensorsFile>();
  for (const tensor of weightMap.keys()) {
    const shardName = weightMap.optionalString(tensor);
    if (shardName === null || !/^[\w.-]+$/.test(shardName)) {
      throw weightMap.problem(tensor, 'the name of a file beside the index', shardName);
    }
    let shard = shards.get(shardName);
    if (shard === undefined) {
      shard = await SafetensorsFile.open(join(directory, shardName));
      files.push(shard);
      shards.set(shardName, shard);
    }
    shard.entry(tensor);
    fileOfTensor.set(tensor, shard);
  }
  return fileOfTensor;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function list(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
