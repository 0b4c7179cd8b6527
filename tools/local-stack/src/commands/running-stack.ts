import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../process/process-identity.js';
import type { StackSettings } from '../settings/read-settings.js';
import { StackError } from '../settings/stack-error.js';
import { readRunningStack, type StackRecord } from '../state/stack-state.js';

const LOOK_MS = 100;

/** @throws StackError when none runs */
export function status(settings: StackSettings, options: { readonly json?: true }): void {
  const record = runningStack(settings);
  console.log(options.json ? JSON.stringify(record, null, 2) : describe(record));
}

/** Comes back when everything has ended. @throws StackError when none runs */
export async function stop(settings: StackSettings): Promise<void> {
  const { supervisor } = runningStack(settings);
  process.kill(supervisor.processId, 'SIGTERM');
  while (isAlive(supervisor)) await delay(LOOK_MS);
  console.log('Everything has ended.');
}

function runningStack({ dataDirectory }: StackSettings): StackRecord {
  const record = readRunningStack(dataDirectory);
  if (record !== null) return record;
  throw new StackError(
    `No stack runs on ${dataDirectory}.`,
    '`npm run stack` starts one; --data-dir names another directory.',
  );
}

function describe({ supervisor, apiUrl, logFile, startedAt, services }: StackRecord): string {
  const lines = services.map(({ name, state, restarts, process }) => {
    const facts = [process === null ? 'no process' : `process ${process.processId}`, `restarted ${restarts} times`];
    return `  ${name.padEnd(8)} ${state.replace('_', ' ').padEnd(9)}  ${facts.join(', ')}`;
  });
  return [
    `The stack of process ${supervisor.processId} at ${apiUrl}, since ${startedAt}:`,
    ...lines,
    `Its log: ${logFile}`,
  ].join('\n');
}
