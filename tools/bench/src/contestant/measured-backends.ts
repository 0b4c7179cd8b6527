import type { BenchArguments } from '../arguments.js';
import type { MeasuredBackend } from './own-program.js';

export interface MeasuredBackends {
  readonly backends: readonly MeasuredBackend[];
  /** What is not measured, or not like the rest, in sentences for people. */
  readonly remarks: readonly string[];
}

/**
 * Which backends are measured, and what is to be said about it.
 * @param nativeMissing why the native one can't be; null where it can
 * @throws Error when the one asked for can't be measured
 */
export function measuredBackends(
  { backend, shape }: Pick<BenchArguments, 'backend' | 'shape'>,
  nativeMissing: string | null,
): MeasuredBackends {
  const isNativeWanted = backend !== 'wasm';
  if (backend === 'tensorflow' && nativeMissing !== null) {
    throw new Error(`The native backend can't be measured: ${nativeMissing}. \`npm run setup:native\` installs it.`);
  }
  const backends: MeasuredBackend[] = [];
  const remarks: string[] = [];
  if (isNativeWanted && nativeMissing === null) backends.push('tensorflow');
  if (isNativeWanted && nativeMissing !== null) {
    remarks.push(
      `the native backend is NOT measured: ${nativeMissing}. \`npm run setup:native\` installs it; only wasm is measured.`,
    );
  }
  if (backend !== 'tensorflow') {
    backends.push('wasm');
    if (shape === null) {
      remarks.push(
        'wasm is measured on the shape clay-tiny (7 million weights), NOT on 0.6b: in float32 on one thread a step of that takes minutes. ' +
          '`--backend wasm --shape 0.6b` does it nevertheless.',
      );
    }
  }
  return { backends, remarks };
}
