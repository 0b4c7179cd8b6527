import { join, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

export interface Options {
  /** 0 takes a free one. */
  readonly port: number;
  readonly stateDirectory: string;
  readonly apiKey: string;
  readonly modelDirectory: string;
  readonly modelName: string;
  readonly pollMs: number;
  readonly heartbeatLimitMs: number;
}

const CLAY_TINY = resolve(import.meta.dirname, '../../../../models/clay-tiny/model');

export const USAGE = `Starts a Tinker service on this machine that trains a small model on its CPU; loopback only, ends with Ctrl-C.

  node tools/tinker-double/dist/main.js [options]

  --port <n>            0 takes a free one (0)
  --state <dir>         where checkpoints lie (a folder "claas-tinker-double" in the temporary directory)
  --api-key <x>         the key that clients must send (tml-double)
  --model <dir>         a Hugging Face model directory (models/clay-tiny/model)
  --name <x>            what the model is called (clay-tiny)
  --poll-ms <n>         how long retrieve_future waits before it answers 408 (1000)
  --heartbeat-ms <n>    a session that is silent for longer is ended (120000)

CLAAS_TENSOR_BACKEND in the environment chooses what computes: auto, tensorflow or wasm.`;

/** @throws TypeError for an option that isn't one */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '0' },
      state: { type: 'string', default: join(tmpdir(), 'claas-tinker-double') },
      'api-key': { type: 'string', default: 'tml-double' },
      model: { type: 'string', default: CLAY_TINY },
      name: { type: 'string', default: 'clay-tiny' },
      'poll-ms': { type: 'string', default: '1000' },
      'heartbeat-ms': { type: 'string', default: '120000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    port: wholeNumber('port', values.port, 65_535),
    stateDirectory: resolve(values.state),
    apiKey: values['api-key'],
    modelDirectory: resolve(values.model),
    modelName: values.name,
    pollMs: wholeNumber('poll-ms', values['poll-ms'], 60_000),
    heartbeatLimitMs: wholeNumber('heartbeat-ms', values['heartbeat-ms'], 86_400_000),
  };
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw new TypeError(`--${name} ${text}: expected a whole number, 0 to ${most}.`);
}
