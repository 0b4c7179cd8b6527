import { loadTensorflow } from './load-tensorflow.js';
import { NativeBackend } from './native-backend.js';
import type { ShortFormat } from './native-backend.js';
import { NativeOperations } from './native-operations.js';
import { probeTensorflow } from './probe-tensorflow.js';

/**
 * Loads TensorFlow, tries it out, and makes it the active tfjs backend.
 * @param frozenFormat null: whatever this device multiplies faster
 * @throws whatever keeps it from working
 */
export async function startNativeBackend(addonPath: string, frozenFormat: ShortFormat | null): Promise<NativeBackend> {
  const operations = new NativeOperations(await loadTensorflow(addonPath));
  const fastest = probeTensorflow(operations);
  return new NativeBackend(operations, frozenFormat ?? fastest, null);
}
