import { homedir } from 'node:os';
import path from 'node:path';

/** What the addon is compiled from: the JavaScript and C++ of `@tensorflow/tfjs-node-gpu` in this version. */
const ADDON_VERSION = '4.22.0';

/** The variables that decide where the runtime lies. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder of the native runtime in the cache directory: `native/tfjs-node-gpu-<version>-<platform>-<architecture>`. It need not exist.
 */
export function nativeRuntimeDirectory(environment: Environment): string {
  const name = `tfjs-node-gpu-${ADDON_VERSION}-${process.platform}-${process.arch}`;
  return path.join(cacheDirectory(environment), 'native', name);
}

/** `CLAAS_CACHE_DIR`, else `$XDG_CACHE_HOME/claas`, else `~/.cache/claas`. */
export function cacheDirectory(environment: Environment): string {
  const own = environment['CLAAS_CACHE_DIR'];
  if (isSet(own)) return path.resolve(own);
  const shared = environment['XDG_CACHE_HOME'];
  // The XDG specification: a relative path is to be ignored.
  if (isSet(shared) && path.isAbsolute(shared)) return path.join(shared, 'claas');
  const home = environment['HOME'];
  return path.join(isSet(home) ? home : homedir(), '.cache', 'claas');
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
