import { existsSync } from 'node:fs';
import path from 'node:path';
import { nativeRuntimeDirectory, readNativeRuntime } from '@claas/tensor-backend/native-runtime';
import type { NativeRuntime } from '@claas/tensor-backend/native-runtime';
import { findExecutable } from '../process/find-executable.js';

/** The runtime that `npm test` has set up, with headers; says loudly when tests with a real library can't run. */
export function installedRuntime(): NativeRuntime | null {
  const reading = readNativeRuntime(nativeRuntimeDirectory(process.env));
  if (reading.state !== 'ready') return skip(reading.reason);
  if (!existsSync(path.join(reading.runtime.directory, 'include'))) return skip('the native runtime has no headers');
  if (!['c++', 'g++', 'clang++'].some((name) => findExecutable(name, process.env['PATH'] ?? '') !== null)) {
    return skip('no C++ compiler');
  }
  return reading.runtime;
}

function skip(reason: string): null {
  console.warn(`SKIPPED tests with a real libtensorflow: ${reason}. \`npm run setup:native\` installs it.`);
  return null;
}
