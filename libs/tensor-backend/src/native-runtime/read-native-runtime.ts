import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseRuntimeRecord, RUNTIME_RECORD } from './runtime-record.js';
import type { RuntimeFile } from './runtime-record.js';

/** A finished native runtime. */
export interface NativeRuntime {
  /** Absolute path of its folder. */
  readonly directory: string;
  /** Absolute path of the Node addon, to be loaded with `require`; it finds libtensorflow beside itself. */
  readonly addon: string;
  readonly tensorflowVersion: string;
  /** Where libtensorflow came from, for people. */
  readonly source: string;
  /** Did libtensorflow see a GPU when the runtime was proved? */
  readonly gpu: boolean;
  readonly files: readonly RuntimeFile[];
}

/** `reason` is a clause for people that says what is wrong with which path. */
export type NativeRuntimeReading =
  | { readonly state: 'ready'; readonly runtime: NativeRuntime }
  | { readonly state: 'missing' | 'incomplete'; readonly reason: string };

/**
 * Is a finished native runtime in `directory` (see nativeRuntimeDirectory)? Compares the sizes of its files with its record,
 * which costs a few system calls; that a library of the right size is sound is checked by tools/native-runtime.
 * Never throws.
 */
export function readNativeRuntime(directory: string): NativeRuntimeReading {
  const recordPath = path.join(directory, RUNTIME_RECORD);
  let text: string;
  try {
    text = readFileSync(recordPath, 'utf8');
  } catch {
    return { state: 'missing', reason: `there is no native runtime in ${directory}` };
  }
  const record = parseRuntimeRecord(text);
  if (record === null) return { state: 'incomplete', reason: `${recordPath} is damaged or of another version` };
  const damage = record.files.map((file) => damageOf(directory, file)).find((found) => found !== null);
  if (damage !== undefined) return { state: 'incomplete', reason: damage };
  return {
    state: 'ready',
    runtime: {
      directory,
      addon: path.join(directory, record.addon),
      tensorflowVersion: record.tensorflow_version,
      source: record.source,
      gpu: record.gpu,
      files: record.files,
    },
  };
}

function damageOf(directory: string, file: RuntimeFile): string | null {
  const filePath = path.join(directory, file.path);
  const found = statSync(filePath, { throwIfNoEntry: false });
  if (found === undefined) return `${filePath} is gone`;
  return found.size === file.bytes ? null : `${filePath} has ${found.size} bytes instead of ${file.bytes}`;
}
