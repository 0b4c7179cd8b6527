import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ContestantProgram } from './contestant-process.js';

const SCRIPT = fileURLToPath(new URL('../../pytorch_step.py', import.meta.url));
const IMPORT_LIMIT_MS = 120_000;

export type PytorchInstallation =
  | { readonly python: string; readonly versions: string }
  /** A clause for people. */
  | { readonly missing: string };

/** Looks whether a Python has everything that the side-by-side needs. */
export async function findPytorch(python: string): Promise<PytorchInstallation> {
  const program = [
    'import torch, transformers, peft',
    'print("torch", torch.__version__, "transformers", transformers.__version__, "peft", peft.__version__)',
  ].join('\n');
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', program], { timeout: IMPORT_LIMIT_MS });
    return { python, versions: stdout.trim() };
  } catch (error) {
    const said = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    return { missing: `${python} can't import torch, transformers and peft (${said})` };
  }
}

export function pytorchProgram(python: string, threads: number, name: string): ContestantProgram {
  return {
    name,
    command: python,
    arguments: [SCRIPT, '--threads', String(threads)],
    environment: {
      OMP_NUM_THREADS: String(threads),
      MKL_NUM_THREADS: String(threads),
      // Threads that spin while they wait make it many times slower on a machine that does something else too.
      OMP_WAIT_POLICY: 'PASSIVE',
      TRANSFORMERS_OFFLINE: '1',
      HF_HUB_OFFLINE: '1',
      TOKENIZERS_PARALLELISM: 'false',
    },
  };
}
