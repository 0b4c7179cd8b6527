import path from 'node:path';
import { nativeRuntimeDirectory } from '@claas/tensor-backend/native-runtime';
import type { Environment } from '@claas/tensor-backend/native-runtime';
import type { CompilerSettings } from '../addon/find-compiler.js';

/** Time limits, milliseconds. */
export interface TimeLimits {
  /** One download. */
  readonly download: number;
  /** A download that brings nothing for so long is given up. */
  readonly stall: number;
  readonly compilation: number;
  readonly proof: number;
  /** For another process that is setting up the same runtime. */
  readonly lock: number;
}

/** Everything that setting up the native runtime depends on. */
export interface NativeSettings extends CompilerSettings {
  /** Where the runtime goes. */
  readonly directory: string;
  /** `CLAAS_LIBTENSORFLOW`: the only source then. */
  readonly libtensorflow: string | null;
  /** `CLAAS_LIBTENSORFLOW_URL`: instead of TensorFlow's own archive. */
  readonly archiveUrl: string | null;
  /** `CLAAS_TENSOR_BACKEND=wasm`: nothing is wanted. */
  readonly skip: boolean;
  readonly hasNvidiaDriver: boolean;
  readonly limits: TimeLimits;
}

const MINUTE = 60_000;

/** @throws Error for a time limit that is not a number of seconds */
export function nativeSettings(environment: Environment, hasNvidiaDriver: boolean): NativeSettings {
  const libtensorflow = valueOf(environment, 'CLAAS_LIBTENSORFLOW');
  return {
    directory: nativeRuntimeDirectory(environment),
    libtensorflow: libtensorflow === null ? null : path.resolve(libtensorflow),
    archiveUrl: valueOf(environment, 'CLAAS_LIBTENSORFLOW_URL'),
    skip: environment['CLAAS_TENSOR_BACKEND'] === 'wasm',
    hasNvidiaDriver,
    searchPath: environment['PATH'] ?? '',
    compiler: valueOf(environment, 'CXX'),
    environment,
    limits: {
      download: downloadLimit(environment),
      stall: 2 * MINUTE,
      compilation: 3 * MINUTE,
      // The first use of a GPU may compile kernels for it.
      proof: hasNvidiaDriver ? 2 * MINUTE : 0.5 * MINUTE,
      lock: 25 * MINUTE,
    },
  };
}

/** What compiler, pip and proof said in the last attempt. */
export function logOf({ directory }: NativeSettings): string {
  return `${directory}.log`;
}

function downloadLimit(environment: Environment): number {
  const text = valueOf(environment, 'CLAAS_NATIVE_DOWNLOAD_TIMEOUT_S');
  if (text === null) return 15 * MINUTE;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds * 1000;
  throw new Error(`CLAAS_NATIVE_DOWNLOAD_TIMEOUT_S is ${text}; set it to a number of seconds, or leave it out.`);
}

function valueOf(environment: Environment, name: string): string | null {
  const value = environment[name];
  return value === undefined || value === '' ? null : value;
}
