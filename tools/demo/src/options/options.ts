import { parseArgs } from 'node:util';

export const USAGE = `Shows by measurement that the model learns from feedback (about 2 minutes).

Usage: npm run demo [-- --mode local|modal|tinker | --url http://127.0.0.1:8080]

  --mode  where the steps are taken: on this machine (local, the default), or in a double of Modal or of a Tinker
          service, which is started for the demo and needs no account
  --url   use a running service instead of starting one; the demo's adapters are removed afterwards
  --help  this text`;

const MODES = ['local', 'modal', 'tinker'] as const;
export type Mode = (typeof MODES)[number];

export interface Options {
  readonly mode: Mode;
  /** Null starts a service. */
  readonly url: string | null;
}

/** @throws Error that says what is wrong, for a person */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: { mode: { type: 'string' }, url: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) return 'help';
  if (values.mode !== undefined && values.url !== undefined) {
    throw new Error('Either --mode or --url: a service that runs already has its mode.');
  }
  const mode = MODES.find((one) => one === (values.mode ?? 'local'));
  if (mode === undefined) throw new Error(`--mode is ${values.mode}; it is one of ${MODES.join(', ')}.`);
  return { mode, url: values.url ?? null };
}
