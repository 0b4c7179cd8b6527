import { createRequire } from 'node:module';
import { enableProdMode, engine, findBackend, registerBackend, setBackend } from '@tensorflow/tfjs-core';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import { recordableBinding } from './graph/recordable-binding.js';
import type { RecordableBinding } from './graph/recordable-binding.js';
import type { TensorflowBinding } from './tensorflow-binding.js';

const PACKAGE = '@tensorflow/tfjs-node-gpu';
/** The name under which the package's kernels are registered. */
const BACKEND = 'tensorflow';

/** How the tfjs backend of the package knows a tensor; `values` are those that were not yet given to TensorFlow. */
export interface TensorRecord {
  readonly shape: number[];
  readonly dtype: number;
  id: number;
  values: Float32Array | null;
  refCount: number;
}

/** The package's tfjs backend, seen from inside: its types hide the map, which is the only way to a tensor's handle and back. */
export interface TensorflowTfjsBackend extends KernelBackend {
  readonly binding: RecordableBinding;
  readonly tensorMap: {
    get(dataId: object): TensorRecord;
    set(dataId: object, record: TensorRecord): void;
  };
}

/** What of the package's modules is used: its index would look for an addon of its own. */
interface BackendModule {
  readonly NodeJSKernelBackend: new (binding: RecordableBinding, packageName: string) => KernelBackend;
}

/**
 * Loads the addon, and TensorFlow with it, once per thread, and makes it the active tfjs backend.
 * How TensorFlow logs and how many threads it uses is read from the environment at this moment.
 * @throws whatever the dynamic linker or the addon says
 */
export async function loadTensorflow(addonPath: string): Promise<TensorflowTfjsBackend> {
  // tfjs types it as always there.
  const loaded = findBackend(BACKEND) as KernelBackend | null;
  if (loaded === null) {
    const binding = recordableBinding(loadAddon(addonPath));
    // Keeps tfjs from advertising its other packages on stderr.
    enableProdMode();
    const requireModule = createRequire(import.meta.url);
    const { NodeJSKernelBackend } = requireModule(`${PACKAGE}/dist/nodejs_kernel_backend.js`) as BackendModule;
    requireModule(`${PACKAGE}/dist/register_all_kernels.js`);
    registerBackend(BACKEND, () => new NodeJSKernelBackend(binding, PACKAGE));
  }
  if (!(await setBackend(BACKEND))) throw new Error('The tensorflow backend of tfjs did not start.');
  return engine().backend as TensorflowTfjsBackend;
}

/** Loads a shared library as Node loads addons. */
function loadAddon(path: string): TensorflowBinding {
  const module: { readonly exports: unknown } = { exports: {} };
  process.dlopen(module, path);
  return module.exports as TensorflowBinding;
}
