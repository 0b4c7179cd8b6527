import { fileURLToPath } from 'node:url';
import type { ContestantProgram } from './contestant-process.js';

const SERVER = fileURLToPath(new URL('../server/main.js', import.meta.url));

export type MeasuredBackend = 'tensorflow' | 'wasm';

/** This project on one of its backends. */
export function ownProgram(backend: MeasuredBackend, threads: number): ContestantProgram {
  return {
    name: `CLaaS (${backend})`,
    command: process.execPath,
    arguments: [SERVER, backend],
    environment: {
      TF_NUM_INTRAOP_THREADS: String(threads),
      OMP_NUM_THREADS: String(threads),
      // As the trainer is started.
      TF_CPP_MIN_LOG_LEVEL: '2',
      TF_NUM_INTEROP_THREADS: '1',
      TF_CPU_ALLOCATOR_USE_BFC: 'true',
    },
  };
}
