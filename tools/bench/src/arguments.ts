import { parseArgs } from 'node:util';
import { availableParallelism } from 'node:os';
import type { MeasuredBackend } from './contestant/own-program.js';
import { SHAPE_NAMES } from './shape/model-shape.js';

export const USAGE = `Measures this project on this machine, and PyTorch beside it where that is installed.

Usage: npm run bench -- [options]

  --backend NAME    tensorflow or wasm; default: both, as far as they are installed
  --shape NAME      model: ${SHAPE_NAMES.join(', ')}; default 0.6b (1.2 GB in the cache directory).
                    wasm is measured on clay-tiny unless a shape is asked for: 0.6b takes minutes a step there
  --rounds N        times that everything is measured, one contestant after the other; default 5
  --threads N       compute threads of everybody; default: all processors
  --alpha A         divergence: 0 forward KL, 1 reverse KL, between Jensen-Shannon; default 0.5,
                    as the service's
  --new-tokens N    tokens of each answer; default 48
  --python PATH     a Python with torch, transformers and peft; default python3
  --only SECTION    step, generation or scaling; may be repeated; default: all
  --quick           clay-tiny, two rounds, short answers and sequences: shows in a minute that all of it works
  --json FILE       writes every number to FILE too
  --help            this text

Random models are written once, to $CLAAS_CACHE_DIR/bench (~/.cache/claas/bench). Close other programs: what else runs
shows in the figures; the load of the machine is printed with them.`;

export const SECTIONS = ['step', 'generation', 'scaling'] as const;
export type Section = (typeof SECTIONS)[number];

const BACKENDS: readonly MeasuredBackend[] = ['tensorflow', 'wasm'];

export interface BenchArguments {
  /** Asked for by name: its absence is an error. Null: whatever is there. */
  readonly backend: MeasuredBackend | null;
  /** Null: each backend's own. */
  readonly shape: string | null;
  readonly rounds: number;
  readonly threads: number;
  readonly alpha: number;
  readonly newTokens: number;
  readonly python: string;
  readonly sections: readonly Section[];
  readonly isQuick: boolean;
  readonly json: string | null;
}

/** @returns null when help was asked for. @throws Error saying what is wrong */
export function parseArguments(args: readonly string[]): BenchArguments | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backend: { type: 'string' },
      shape: { type: 'string' },
      rounds: { type: 'string' },
      threads: { type: 'string' },
      alpha: { type: 'string' },
      'new-tokens': { type: 'string' },
      python: { type: 'string' },
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return null;
  const isQuick = values.quick === true;
  const shape = values.shape ?? (isQuick ? 'clay-tiny' : null);
  return {
    backend: values.backend === undefined ? null : oneOf('--backend', values.backend, BACKENDS),
    shape: shape === null ? null : oneOf('--shape', shape, SHAPE_NAMES),
    rounds: wholeNumber('--rounds', values.rounds, isQuick ? 2 : 5),
    threads: wholeNumber('--threads', values.threads, availableParallelism()),
    alpha: share('--alpha', values.alpha, 0.5),
    newTokens: wholeNumber('--new-tokens', values['new-tokens'], isQuick ? 8 : 48),
    python: values.python ?? 'python3',
    sections: values.only === undefined ? SECTIONS : values.only.map((name) => oneOf('--only', name, SECTIONS)),
    isQuick,
    json: values.json ?? null,
  };
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found === undefined) throw new Error(`${option} is "${value}"; it must be one of ${allowed.join(', ')}.`);
  return found;
}

function wholeNumber(option: string, value: string | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new Error(`${option} is "${value}"; it must be a whole number, 1 or more.`);
  return Number(value);
}

function share(option: string, value: string | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (value === '' || !(number >= 0 && number <= 1)) {
    throw new Error(`${option} is "${value}"; it must be a number from 0 to 1.`);
  }
  return number;
}
