import type { FileProblemReporter } from '../errors/file-problem.js';
import { topLevelKeys } from './top-level-keys.js';

/** Bytes of one element of each number format that the safetensors format knows and that can be here at all. */
const ELEMENT_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
} as const;

export type SafetensorsDtype = keyof typeof ELEMENT_BYTES;

/** One tensor of a file, by its header. */
export interface SafetensorsEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Absolute position of the first byte in the file. */
  readonly position: number;
  readonly byteLength: number;
}

export interface SafetensorsHeader {
  /** `__metadata__` */
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
}

/** Bytes of the header's length, a little-endian u64, at the start of a file. */
export const LENGTH_BYTES = 8;

/** The format's own bound on headers. */
export const MAX_HEADER_BYTES = 100_000_000;

/**
 * Parses and checks a header: every tensor's bytes fit its shape, and the tensors fill the rest of the file without gap or overlap.
 * Source: https://github.com/huggingface/safetensors#format
 * @param text the header's JSON
 * @param fileBytes size of the whole file
 * @throws what `fail` makes, naming file and tensor
 */
export function parseSafetensorsHeader(
  file: string,
  text: string,
  headerBytes: number,
  fileBytes: number,
  fail: FileProblemReporter,
): SafetensorsHeader {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fail({ file, expected: 'a header in JSON', found: `text that isn't (${String(error)})` }, { cause: error });
  }
  if (!isRecord(json)) throw fail({ file, expected: 'a header that is a JSON object', found: JSON.stringify(json) });
  refuseDuplicates(file, text, fail);

  const dataStart = LENGTH_BYTES + headerBytes;
  const entries = new Map<string, SafetensorsEntry>();
  for (const [name, value] of Object.entries(json)) {
    if (name !== '__metadata__') entries.set(name, parseEntry(file, name, value, dataStart, fail));
  }
  checkLayout(file, entries, dataStart, fileBytes, fail);
  return { metadata: parseMetadata(file, json['__metadata__'], fail), entries };
}

function refuseDuplicates(file: string, text: string, fail: FileProblemReporter): void {
  const seen = new Set<string>();
  for (const name of topLevelKeys(text)) {
    if (seen.has(name)) throw fail({ file, tensor: name, expected: 'one tensor of this name', found: 'several' });
    seen.add(name);
  }
}

function parseEntry(
  file: string,
  name: string,
  value: unknown,
  dataStart: number,
  fail: FileProblemReporter,
): SafetensorsEntry {
  const problem = (expected: string, found: unknown): Error =>
    fail({ file, tensor: name, expected, found: found === undefined ? 'nothing' : JSON.stringify(found) });
  if (!isRecord(value)) throw problem('a header entry with dtype, shape and data_offsets', value);

  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) throw problem(`a dtype out of ${Object.keys(ELEMENT_BYTES).join(', ')}`, dtype);
  if (!isSizes(shape)) throw problem('a shape of whole numbers', shape);
  if (!isSizes(offsets)) throw problem('two data_offsets', offsets);
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2 || begin > end) {
    throw problem('two data_offsets, the first not beyond the second', offsets);
  }
  const needed = shape.reduce((product, size) => product * size, ELEMENT_BYTES[dtype]);
  if (end - begin !== needed) {
    throw problem(
      `${needed} bytes for ${dtype} of shape [${shape.join(', ')}]`,
      `data_offsets of ${end - begin} bytes`,
    );
  }
  return { dtype, shape, position: dataStart + begin, byteLength: needed };
}

/** Zero-length tensors may share a place; all others follow each other and end with the file. */
function checkLayout(
  file: string,
  entries: ReadonlyMap<string, SafetensorsEntry>,
  dataStart: number,
  fileBytes: number,
  fail: FileProblemReporter,
): void {
  const ordered = [...entries].sort(
    ([, a], [, b]) => a.position - b.position || a.position + a.byteLength - (b.position + b.byteLength),
  );
  let end = dataStart;
  for (const [tensor, entry] of ordered) {
    if (entry.position + entry.byteLength > fileBytes) {
      const found = `a file of ${fileBytes} bytes (cut short?)`;
      throw fail({ file, tensor, expected: `data up to byte ${entry.position + entry.byteLength}`, found });
    }
    if (entry.position !== end) {
      const found = `data from byte ${entry.position} (${entry.position < end ? 'overlap' : 'gap'})`;
      throw fail({ file, tensor, expected: `data from byte ${end}, where the tensor before ends`, found });
    }
    end += entry.byteLength;
  }
  if (end !== fileBytes) {
    throw fail({
      file,
      expected: `an end at byte ${end}, after the last tensor`,
      found: `a file of ${fileBytes} bytes`,
    });
  }
}

function parseMetadata(file: string, value: unknown, fail: FileProblemReporter): Record<string, string> {
  if (value === undefined) return {};
  if (isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string')) {
    return value as Record<string, string>;
  }
  throw fail({ file, field: '__metadata__', expected: 'an object of strings', found: JSON.stringify(value) });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is SafetensorsDtype {
  return typeof value === 'string' && Object.hasOwn(ELEMENT_BYTES, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}
