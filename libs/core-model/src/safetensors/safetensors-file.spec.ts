import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdapterFilesError, adapterFilesError } from '../errors/adapter-files-error.js';
import { ModelDirectoryError } from '../errors/model-directory-error.js';
import { SafetensorsFile } from './safetensors-file.js';
import { writeSafetensors, type TensorToWrite } from './write-safetensors.js';

const anyTensor = fc.array(fc.nat({ max: 5 }), { maxLength: 3 }).chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1);
  return fc.record({
    shape: fc.constant(shape),
    data: fc.float32Array({ minLength: length, maxLength: length }),
  });
});

const anyName = fc.string({ unit: 'binary', maxLength: 20 }).filter((name) => name !== '__metadata__');

/** A file of the given header and as many bytes of data. */
function fileBytes(header: string, dataBytes: number, announced?: bigint): Buffer {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(announced ?? BigInt(json.byteLength));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

describe('safetensors files', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'claas-safetensors-'));
    path = join(directory, 'model.safetensors');
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('come back bit by bit as they were written', async () => {
    const anyTensors = fc.dictionary(anyName, anyTensor, { maxKeys: 5 });
    await fc.assert(
      fc.asyncProperty(anyTensors, async (dictionary) => {
        const tensors = new Map<string, TensorToWrite>(Object.entries(dictionary));
        await rm(path, { force: true });
        await writeSafetensors(path, tensors);
        const file = await SafetensorsFile.open(path);
        try {
          expect([...file.header.entries.keys()].sort()).toEqual([...tensors.keys()].sort());
          expect(file.header.metadata).toEqual({ format: 'pt' });
          for (const [name, { shape, data }] of tensors) {
            expect(file.entry(name)).toMatchObject({ dtype: 'F32', shape });
            const bytes = await file.readBytes(name);
            expect(Buffer.from(bytes)).toEqual(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
          }
        } finally {
          await file.close();
        }
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  it('have the same bytes whatever order the tensors came in, with data at a multiple of eight', async () => {
    const a = { shape: [2], data: Float32Array.of(1, 2) };
    const b = { shape: [1, 1], data: Float32Array.of(3) };
    await writeSafetensors(
      path,
      new Map([
        ['a', a],
        ['b', b],
      ]),
    );
    const other = join(directory, 'other.safetensors');
    await writeSafetensors(
      other,
      new Map([
        ['b', b],
        ['a', a],
      ]),
    );
    const bytes = await readFile(path);
    expect((await readFile(other)).equals(bytes)).toBe(true);
    const headerLength = Number(bytes.readBigUInt64LE());
    expect(headerLength % 8).toBe(0);
    expect([...new Float32Array(bytes.buffer.slice(bytes.byteOffset + 8 + headerLength))]).toEqual([1, 2, 3]);
  });

  it('are never overwritten', async () => {
    await writeSafetensors(path, new Map());
    await expect(writeSafetensors(path, new Map())).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it('are not begun when shape and data disagree', async () => {
    const tensors = new Map([['a', { shape: [3], data: Float32Array.of(1, 2) }]]);
    await expect(writeSafetensors(path, tensors)).rejects.toThrow(RangeError);
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('give every tensor a buffer of its own, placed so that TensorFlow need not copy it', async () => {
    await writeSafetensors(path, new Map([['a', { shape: [2], data: Float32Array.of(1, 2) }]]));
    const file = await SafetensorsFile.open(path);
    const [first, second] = [await file.readBytes('a'), await file.readBytes('a')];
    await file.close();
    expect(first.buffer).not.toBe(second.buffer);
    expect([...new Float32Array(first.buffer, first.byteOffset)]).toEqual([1, 2]);
    expect(first.byteOffset).toBe(48);
  });

  it('read F16, BF16, F64 and I64 exactly', async () => {
    const half = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000);
    const brain = Uint16Array.of(0x3f80, 0xc000, 0x0001, 0x7f7f, 0xff80, 0x8000);
    const double = Float64Array.of(Math.PI, -1e300);
    const whole = BigInt64Array.of(-5n, 2n ** 40n);
    const header = {
      half: { dtype: 'F16', shape: [6], data_offsets: [0, 12] },
      brain: { dtype: 'BF16', shape: [2, 3], data_offsets: [12, 24] },
      double: { dtype: 'F64', shape: [2], data_offsets: [24, 40] },
      whole: { dtype: 'I64', shape: [2], data_offsets: [40, 56] },
    };
    const data = [half, brain, double, whole].map((array) => Buffer.from(array.buffer));
    await writeFile(path, Buffer.concat([fileBytes(JSON.stringify(header), 0), ...data]));
    const file = await SafetensorsFile.open(path);
    expect([...(await file.readFloat32('half'))]).toEqual([1, -2, 2 ** -24, 65504, Infinity, -0]);
    const largest = (2 - 2 ** -7) * 2 ** 127;
    expect([...(await file.readFloat32('brain'))]).toEqual([1, -2, 2 ** -133, largest, -Infinity, -0]);
    expect([...(await file.readFloat64('double'))]).toEqual([Math.PI, -1e300]);
    expect([...(await file.readFloat64('whole'))]).toEqual([-5, 2 ** 40]);
    await expect(file.readFloat32('double')).rejects.toMatchObject({ tensor: 'double', found: 'F64' });
    await file.close();
  });

  const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]): string =>
    JSON.stringify({ dtype: 'F32', shape, data_offsets: [begin, end] });

  it.each([
    ['an empty file', Buffer.alloc(0), null, /0 bytes/],
    ['a file cut in its length', Buffer.alloc(7), null, /7 bytes/],
    ['a header longer than the file', fileBytes('{}', 0, 1000n), null, /cut short/],
    ['an absurd header length', fileBytes('{}', 0, 2n ** 63n), null, /9223372036854775808/],
    ['a header that is no JSON', fileBytes('{"a":', 0), null, /isn't/],
    ['a header that is a list', fileBytes('[]', 0), null, /\[\]/],
    ['data that was cut', fileBytes(`{"a":${f32(0, 8)}}`, 4), 'a', /cut short/],
    ['data beyond the last tensor', fileBytes(`{"a":${f32(0, 8)}}`, 12), null, /a file of/],
    ['a gap', fileBytes(`{"a":${f32(0, 4)},"b":${f32(8, 12)}}`, 12), 'b', /gap/],
    ['an overlap', fileBytes(`{"a":${f32(0, 8)},"b":${f32(4, 12)}}`, 12), 'b', /overlap/],
    ['a size that does not fit the shape', fileBytes(`{"a":${f32(0, 8, [3])}}`, 8), 'a', /8 bytes/],
    ['offsets in the wrong order', fileBytes(`{"a":${f32(8, 4, [1])}}`, 8), 'a', /\[8,4\]/],
    ['a negative size', fileBytes(`{"a":${f32(0, 8, [-2])}}`, 8), 'a', /\[-2\]/],
    ['an unknown dtype', fileBytes('{"a":{"dtype":"F99","shape":[],"data_offsets":[0,4]}}', 4), 'a', /F99/],
    ['an entry without offsets', fileBytes('{"a":{"dtype":"F32","shape":[1]}}', 4), 'a', /nothing/],
    ['a name that is there twice', fileBytes(`{"a":${f32(0, 4)},"\\u0061":${f32(0, 4)}}`, 4), 'a', /several/],
    ['metadata that are no strings', fileBytes('{"__metadata__":{"step":1}}', 0), null, /step/],
  ])('with %s are refused', async (_, bytes, tensor, found) => {
    await writeFile(path, bytes);
    const error: unknown = await SafetensorsFile.open(path).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ModelDirectoryError);
    expect(error).toMatchObject({ file: path, tensor });
    expect((error as ModelDirectoryError).found).toMatch(found);
  });

  it('that are missing are named, with the error of whoever asks', async () => {
    const opened = SafetensorsFile.open(path, adapterFilesError);
    await expect(opened).rejects.toBeInstanceOf(AdapterFilesError);
    await expect(opened).rejects.toMatchObject({ file: path, found: 'no such file' });
  });

  it('that are cut at any byte are refused', async () => {
    await writeSafetensors(path, new Map([['a', { shape: [2], data: Float32Array.of(1, 2) }]]));
    const whole = await readFile(path);
    for (let length = 0; length < whole.byteLength; length++) {
      await writeFile(path, whole.subarray(0, length));
      await expect(SafetensorsFile.open(path)).rejects.toBeInstanceOf(ModelDirectoryError);
    }
  });
});
