import { initializeWasm } from './portable/initialize-wasm.js';
import { PortableBackend } from './portable/portable-backend.js';
import type { TensorBackend } from './tensor-backend.js';

/** `auto` takes the fastest one that is installed. */
export type TensorBackendChoice = 'auto' | 'tensorflow' | 'wasm';

const NATIVE_ABSENT =
  'The native TensorFlow library is not installed (`npm run setup:native` is how it will be obtained), ' +
  'so everything runs on WebAssembly: one CPU thread, frozen weights in float32 and slower steps.';

/** The native library was asked for by name and is not there. */
export class NativeBackendUnavailableError extends Error {
  constructor() {
    super(
      'The `tensorflow` tensor backend was asked for, but the native TensorFlow library is not installed. ' +
        'Choose `auto` or `wasm` to run on WebAssembly; `npm run setup:native` is how the library will be obtained.',
    );
    this.name = 'NativeBackendUnavailableError';
  }
}

/**
 * Starts a tensor backend and makes it the active one of tfjs in this process.
 * @throws NativeBackendUnavailableError for `tensorflow` where the native library is missing.
 */
export async function createTensorBackend(choice: TensorBackendChoice): Promise<TensorBackend> {
  switch (choice) {
    case 'tensorflow':
      throw new NativeBackendUnavailableError();
    case 'wasm':
      await initializeWasm();
      return new PortableBackend(null);
    case 'auto':
      await initializeWasm();
      return new PortableBackend(NATIVE_ABSENT);
    default:
      throw new Error(`Unknown tensor backend ${String(choice satisfies never)}; choose auto, tensorflow or wasm.`);
  }
}
