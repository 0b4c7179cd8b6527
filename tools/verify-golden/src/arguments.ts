import type { TensorBackendChoice } from '@claas/tensor-backend';

export const USAGE = `Usage: npm run verify:golden -- DIRECTORY

Checks this program against a directory of golden data: loss/, edge/, optim/, models/ and chat/ as its README describes.
Prints a line for each case and a summary. Ends with 0 when all passed, 1 on any miss, 2 on wrong arguments.
CLAAS_TENSOR_BACKEND=auto|tensorflow|wasm chooses what computes (auto).`;

const CHOICES: readonly TensorBackendChoice[] = ['auto', 'tensorflow', 'wasm'];

export interface Arguments {
  readonly root: string;
  readonly choice: TensorBackendChoice;
}

/** @throws Error saying what is wrong with them */
export function parseArguments(
  values: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Arguments {
  const [root, ...others] = values;
  if (root === undefined || root === '') throw new Error('Which directory?');
  if (root.startsWith('-')) throw new Error(`Unknown option ${root}.`);
  if (others.length > 0) throw new Error(`One directory at a time; ${values.length} arguments were given.`);
  const name = environment['CLAAS_TENSOR_BACKEND'] ?? 'auto';
  const choice = CHOICES.find((known) => known === name);
  if (choice === undefined)
    throw new Error(`CLAAS_TENSOR_BACKEND is "${name}"; it must be one of ${CHOICES.join(', ')}.`);
  return { root, choice };
}
