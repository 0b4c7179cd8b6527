import { createInterface } from 'node:readline';
import { createTensorBackend } from '@claas/tensor-backend';
import type { TensorBackend } from '@claas/tensor-backend';
import { nativeRuntimeDirectory } from '@claas/tensor-backend/native-runtime';
import { commandTable } from './command-table.js';
import type { ContestantRequest } from '../contestant/messages.js';

/*
 * The process that is measured: answers the commands of `contestant/messages.ts` one after the other, on the backend that its argument names.
 * Ends with its stdin.
 */

async function startBackend(): Promise<TensorBackend> {
  const name = process.argv[2];
  if (name !== 'tensorflow' && name !== 'wasm')
    throw new Error(`Which backend? tensorflow or wasm, not ${name ?? 'none'}.`);
  return createTensorBackend(name, { nativeRuntime: nativeRuntimeDirectory(process.env) });
}

const backend = startBackend();
// Asked for by the first command, which then reports it.
backend.catch(() => undefined);
const commands = commandTable(backend);

for await (const line of createInterface({ input: process.stdin })) {
  const { command, params } = JSON.parse(line) as ContestantRequest;
  let answer: object;
  try {
    if (!Object.hasOwn(commands, command)) throw new Error(`there is no command "${command}"`);
    answer = { result: await commands[command as keyof typeof commands](params as never) };
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
