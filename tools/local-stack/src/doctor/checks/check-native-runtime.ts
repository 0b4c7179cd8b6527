import { nativeRuntimeDirectory, readNativeRuntime } from '@claas/tensor-backend/native-runtime';
import { ok, problem, warning } from '../finding.js';
import type { Check } from '../patient.js';

const REMEDY = '`npm run setup:native` sets it up; docs/native-runtime.md says what it needs.';

export const checkNativeRuntime: Check = ({ settings: { env } }) => {
  const wanted = env['CLAAS_TENSOR_BACKEND'] ?? 'auto';
  if (wanted === 'wasm') return Promise.resolve([ok('native_runtime', 'not wanted (CLAAS_TENSOR_BACKEND=wasm)')]);
  const reading = readNativeRuntime(nativeRuntimeDirectory(env));
  if (reading.state === 'ready')
    return Promise.resolve([ok('native_runtime', `the native library is in ${reading.runtime.directory}`)]);
  const text =
    reading.state === 'incomplete'
      ? `The native library is damaged: ${reading.reason}.`
      : 'The native library is not installed.';
  return Promise.resolve([
    wanted === 'tensorflow'
      ? problem('native_runtime', text, REMEDY)
      : warning('native_runtime', `${text} Steps run on WebAssembly, many times slower.`, REMEDY),
  ]);
};
