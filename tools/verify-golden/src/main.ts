import { createTensorBackend } from '@claas/tensor-backend';
import type { TensorBackend, TensorBackendChoice } from '@claas/tensor-backend';
import { parseArguments, USAGE } from './arguments.js';
import { GoldenDirectory } from './directory/golden-directory.js';
import { verifyGolden } from './verify-golden.js';

const PASSED = 0;
const FAILED = 1;
const WRONG_USE = 2;

async function main(): Promise<number> {
  let root: string;
  let choice: TensorBackendChoice;
  try {
    ({ root, choice } = parseArguments(process.argv.slice(2), process.env));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}\n`);
    return WRONG_USE;
  }

  let directory: GoldenDirectory;
  try {
    directory = new GoldenDirectory(root);
  } catch (error) {
    process.stdout.write(`FAIL ${root} can't be read: ${messageOf(error)}\n0 passed, 1 failed\n`);
    return FAILED;
  }
  let backend: TensorBackend;
  try {
    backend = await createTensorBackend(choice);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return WRONG_USE;
  }
  const { failed } = await verifyGolden(directory, backend, process.stdout);
  return failed === 0 ? PASSED : FAILED;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

process.exitCode = await main();
