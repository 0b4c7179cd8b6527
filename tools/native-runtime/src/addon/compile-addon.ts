import path from 'node:path';
import { addonSource } from '@claas/tensor-backend/native-runtime';
import type { AddonSource } from '@claas/tensor-backend/native-runtime';
import { runCommand } from '../process/run-command.js';
import { SetUpError } from '../set-up/set-up-error.js';
import type { CompilerSettings } from './find-compiler.js';
import { findCompiler } from './find-compiler.js';
import { nodeHeaders } from './node-headers.js';

export interface AddonOrder {
  /** The addon's path; libtensorflow is found at run time in `lib` beside it. */
  readonly output: string;
  /** File names of libtensorflow in `libraryDirectory`. */
  readonly libraries: readonly string[];
  readonly libraryDirectory: string;
  /** With `tensorflow/c/c_api.h`. */
  readonly includeDirectory: string;
  readonly timeoutMs: number;
}

/** @throws SetUpError when something that the compilation needs is not there; looks only, cheap */
export function checkCompilation(settings: CompilerSettings): void {
  findCompiler(settings);
  nodeHeaders(settings.environment);
  findAddonSource();
}

/**
 * Compiles the addon of `@tensorflow/tfjs-node-gpu` with the machine's compiler, without node-gyp and Python.
 * @param onOutput what the compiler says
 * @throws SetUpError `compilation_failed`
 */
export async function compileAddon(
  order: AddonOrder,
  settings: CompilerSettings,
  onOutput: (text: string) => void,
): Promise<void> {
  const compiler = findCompiler(settings);
  const source = findAddonSource();
  const args = [
    ...compiler.firstArguments,
    ...['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8'],
    ...[nodeHeaders(settings.environment), order.includeDirectory, source.includeDirectory].map((path) => `-I${path}`),
    ...source.files,
    ...linkArguments(order),
    ...['-o', order.output],
  ];
  onOutput(`${compiler.program} ${args.join(' ')}\n`);
  const result = await runCommand(compiler.program, args, {
    environment: settings.environment,
    timeoutMs: order.timeoutMs,
    onOutput,
  });
  if (result.ok) return;
  throw new SetUpError(
    'compilation_failed',
    `compiling the addon with ${compiler.program} ${result.reason}${firstError(result.stderr)}`,
    'install another compiler or name it in CXX',
  );
}

function linkArguments({ libraries, libraryDirectory }: AddonOrder): string[] {
  if (process.platform === 'darwin') {
    const files = libraries.map((name) => path.join(libraryDirectory, name));
    return [...files, '-undefined', 'dynamic_lookup', '-Wl,-rpath,@loader_path/lib'];
  }
  return [`-L${libraryDirectory}`, ...libraries.map((name) => `-l:${name}`), '-Wl,-rpath,$ORIGIN/lib'];
}

function firstError(output: string): string {
  const line = output.split('\n').find((text) => /\berror\b|not found|cannot find/i.test(text));
  return line === undefined ? '' : ` (${line.trim().slice(0, 200)})`;
}

function findAddonSource(): AddonSource {
  try {
    return addonSource();
  } catch {
    throw new SetUpError(
      'addon_source_missing',
      'the package @tensorflow/tfjs-node-gpu is not installed',
      'run `npm ci`',
    );
  }
}
