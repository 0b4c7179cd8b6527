/** Name of the record in the runtime's folder; it is written last, so a folder without it is not finished. */
export const RUNTIME_RECORD = 'runtime.json';

/** Raised when the record or the folder changes shape: an older runtime is then built again. */
export const RUNTIME_FORMAT = 1;

/** One file of the runtime as it was when the runtime was proved. */
export interface RuntimeFile {
  /** Relative to the runtime's folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Last change of the file or of its place (ctime), milliseconds since 1970: unlike the modification time nobody can set it. */
  readonly changed_ms: number;
  /** CRC-32 of the content. */
  readonly crc32: number;
}

/** `runtime.json`. */
export interface RuntimeRecord {
  readonly format: typeof RUNTIME_FORMAT;
  readonly tensorflow_version: string;
  /** Where libtensorflow came from, for people. */
  readonly source: string;
  /** Was libtensorflow built with CUDA and did it see a GPU when it was proved? */
  readonly gpu: boolean;
  /** Relative path of the addon. */
  readonly addon: string;
  readonly files: readonly RuntimeFile[];
  /** ISO 8601. */
  readonly built_at: string;
}

/** @returns the record, or null when the text is not a record of this format */
export function parseRuntimeRecord(text: string): RuntimeRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return isRecord(value) ? value : null;
}

function isRecord(value: unknown): value is RuntimeRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof RuntimeRecord, unknown>>;
  return (
    record.format === RUNTIME_FORMAT &&
    typeof record.tensorflow_version === 'string' &&
    typeof record.source === 'string' &&
    typeof record.gpu === 'boolean' &&
    typeof record.addon === 'string' &&
    typeof record.built_at === 'string' &&
    Array.isArray(record.files) &&
    record.files.length > 0 &&
    record.files.every(isFile)
  );
}

function isFile(value: unknown): value is RuntimeFile {
  if (typeof value !== 'object' || value === null) return false;
  const file = value as Partial<Record<keyof RuntimeFile, unknown>>;
  return typeof file.path === 'string' && [file.bytes, file.changed_ms, file.crc32].every((n) => typeof n === 'number');
}
