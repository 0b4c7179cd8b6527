import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AddonProof, Environment } from '@claas/tensor-backend/native-runtime';
import { runCommand } from '../process/run-command.js';
import { SetUpError } from '../set-up/set-up-error.js';

/** Compiled, also when this file runs from source in a test. */
const PROGRAM = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../dist/addon/proof-program.js');

export interface ProofOptions {
  readonly environment: Environment;
  readonly timeoutMs: number;
  readonly onOutput: (text: string) => void;
}

/**
 * Multiplies two matrices with the addon in a process of its own: a library that does not fit the machine ends that one.
 * @throws SetUpError `proof_failed`
 */
export async function proveInChild(addon: string, options: ProofOptions): Promise<AddonProof> {
  const result = await runCommand(process.execPath, [PROGRAM, addon], {
    environment: { ...options.environment, TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true' },
    timeoutMs: options.timeoutMs,
    onOutput: options.onOutput,
  });
  const proof = result.ok ? parseProof(result.stdout) : null;
  if (proof !== null) return proof;
  throw new SetUpError(
    'proof_failed',
    `the matrix product that proves the native library ${result.reason === '' ? 'gave no answer' : result.reason}${errorOf(result.stderr)}`,
    'run `npm run setup:native -- --force`',
  );
}

/** The last line: TensorFlow may print before it. */
function parseProof(stdout: string): AddonProof | null {
  try {
    const proof = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Partial<AddonProof>;
    const { tensorflowVersion, gpu } = proof;
    return typeof tensorflowVersion === 'string' && typeof gpu === 'boolean' ? { tensorflowVersion, gpu } : null;
  } catch {
    return null;
  }
}

function errorOf(stderr: string): string {
  const line = stderr.split('\n').find((text) => /error:/i.test(text));
  return line === undefined ? '' : ` (${line.trim().slice(0, 240)})`;
}
