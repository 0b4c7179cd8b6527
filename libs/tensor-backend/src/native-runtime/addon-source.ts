import { createRequire } from 'node:module';
import path from 'node:path';

/** What a C++ compiler needs of `@tensorflow/tfjs-node-gpu` (installed without its own install script). */
export interface AddonSource {
  /** Absolute paths of the C++ files. */
  readonly files: readonly string[];
  /** Added to the include path, beside TensorFlow's and Node's headers. */
  readonly includeDirectory: string;
}

/** @throws Error `MODULE_NOT_FOUND` when the package is not installed */
export function addonSource(): AddonSource {
  const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json');
  const includeDirectory = path.dirname(manifest);
  const files = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => path.join(includeDirectory, 'binding', name));
  return { files, includeDirectory };
}
