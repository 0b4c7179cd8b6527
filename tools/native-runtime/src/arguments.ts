export interface Arguments {
  readonly force: boolean;
  readonly quiet: boolean;
  readonly strict: boolean;
  readonly automatic: boolean;
  readonly help: boolean;
}

export const USAGE = `Sets up the native TensorFlow library, with which training and generation run many times faster than on WebAssembly.

Usage: npm run setup:native [-- options]

  --force      build it again although it is there
  --quiet      say nothing when it is there
  --automatic  as npm start runs it: do not repeat what failed within the last day
  --strict     end with exit code 1 when it can't be set up (otherwise 0: everything runs without it too)
  --help

Variables: CLAAS_LIBTENSORFLOW (a folder with lib and include, or an unpacked wheel's tensorflow folder),
CLAAS_LIBTENSORFLOW_URL (another archive of the C library), CLAAS_CACHE_DIR, CLAAS_NATIVE_DOWNLOAD_TIMEOUT_S, CXX;
CLAAS_TENSOR_BACKEND=wasm skips it. See docs/native-runtime.md.`;

const FLAGS = ['force', 'quiet', 'strict', 'automatic', 'help'] as const;

/** @throws Error for an unknown argument */
export function parseArguments(args: readonly string[]): Arguments {
  const unknown = args.find((arg) => !FLAGS.some((flag) => arg === `--${flag}`));
  if (unknown !== undefined) throw new Error(`Unknown argument ${unknown}.`);
  const has = (flag: (typeof FLAGS)[number]): boolean => args.includes(`--${flag}`);
  return {
    force: has('force'),
    quiet: has('quiet'),
    strict: has('strict'),
    automatic: has('automatic'),
    help: has('help'),
  };
}
