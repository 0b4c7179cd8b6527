import type { ShortFormat } from './native/native-backend.js';
import { readNativeRuntime } from './native-runtime/index.js';
import { initializeWasm } from './portable/initialize-wasm.js';
import { PortableBackend } from './portable/portable-backend.js';
import type { TensorBackend } from './tensor-backend.js';

/** `auto` takes the fastest one that is installed. */
export type TensorBackendChoice = 'auto' | 'tensorflow' | 'wasm';

export interface TensorBackendOptions {
  /** Directory that tools/native-runtime fills (`nativeRuntimeDirectory` of `./native-runtime`), there or not. Absent: no native library is looked for. */
  readonly nativeRuntime?: string;
  /** In what the native backend keeps and multiplies frozen weights; by default what the device does faster. */
  readonly frozenFormat?: ShortFormat;
}

const HOW_TO_GET_IT = '`npm run setup:native` installs it';

/** The native library was asked for by name and can't be used. */
export class NativeBackendUnavailableError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(
      `The \`tensorflow\` tensor backend was asked for, but ${reason}. ${HOW_TO_GET_IT}; ` +
        'choose `auto` or `wasm` to run on WebAssembly.',
      { cause },
    );
    this.name = 'NativeBackendUnavailableError';
  }
}

/**
 * Starts a tensor backend and makes it the active one of tfjs in this thread. One process should not start both.
 * @throws NativeBackendUnavailableError for `tensorflow` where the native library is missing or doesn't work.
 */
export async function createTensorBackend(
  choice: TensorBackendChoice,
  options: TensorBackendOptions = {},
): Promise<TensorBackend> {
  switch (choice) {
    case 'tensorflow': {
      const native = await startNative(options);
      if ('reason' in native) throw new NativeBackendUnavailableError(native.reason, native.cause);
      return native.backend;
    }
    case 'wasm':
      await initializeWasm();
      return new PortableBackend(null);
    case 'auto': {
      const native = await startNative(options);
      if (!('reason' in native)) return native.backend;
      await initializeWasm();
      return new PortableBackend(
        `Runs on WebAssembly (one CPU thread, frozen weights in float32, slower steps), since ${native.reason}; ${HOW_TO_GET_IT}.`,
      );
    }
    default:
      throw new Error(`Unknown tensor backend ${String(choice satisfies never)}; choose auto, tensorflow or wasm.`);
  }
}

type NativeStart = { readonly backend: TensorBackend } | { readonly reason: string; readonly cause?: unknown };

async function startNative({ nativeRuntime, frozenFormat }: TensorBackendOptions): Promise<NativeStart> {
  if (nativeRuntime === undefined) return { reason: 'the native TensorFlow library is not installed' };
  const found = readNativeRuntime(nativeRuntime);
  if (found.state !== 'ready') {
    return { reason: `the native TensorFlow library is not installed completely (${found.reason})` };
  }
  try {
    // Loaded only when wanted: the tfjs packages behind it take memory and time.
    const { startNativeBackend } = await import('./native/start-native-backend.js');
    return { backend: await startNativeBackend(found.runtime.addon, frozenFormat ?? null) };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { reason: `the native TensorFlow library does not work (${message})`, cause };
  }
}
