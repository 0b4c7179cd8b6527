import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { ClaasClient } from '../client/claas-client.js';
import { parseServiceUrl } from '../client/service-url.js';
import { Output, type OutputStream } from '../output/output.js';
import { useColors } from '../output/use-colors.js';
import type { Interrupts } from './interrupts.js';

/** Where the program runs. */
export interface Surroundings {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly interrupts: Interrupts;
}

/** What a command works with. */
export interface Session extends Surroundings {
  readonly client: ClaasClient;
  readonly output: Output;
}

export interface GlobalOptions {
  readonly url: string;
  readonly apiKey?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

/** Runs a command's work in a session, which it ends. */
export type Run = (command: Command, work: (session: Session) => Promise<void>) => Promise<void>;

export function runIn(surroundings: Surroundings): Run {
  return async (command, work) => {
    const options = command.optsWithGlobals<GlobalOptions>();
    const { stdout, stderr, env, interrupts } = surroundings;
    const output = new Output({ stdout, stderr, json: options.json === true, colors: useColors(env, options.color) });
    const client = new ClaasClient(parseServiceUrl(options.url), options.apiKey ?? null, interrupts.signal);
    try {
      await work({ ...surroundings, client, output });
    } finally {
      await client.close();
    }
  };
}
