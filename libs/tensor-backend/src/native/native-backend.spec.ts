import { createTensorBackend } from '../create-tensor-backend.js';
import { nativeRuntimeDirectory, readNativeRuntime } from '../native-runtime/index.js';
import { skippedTensorBackend, tensorBackendContract } from '../testing/index.js';

const nativeRuntime = nativeRuntimeDirectory(process.env);
const found = readNativeRuntime(nativeRuntime);

/**
 * Rounding to bfloat16 is off by at most u = 2⁻⁹ of the number. Two roundings of operands and one of the result make 3·u of the largest value for a single product
 * whose terms do not cancel; four leave room for terms that do. Sums are float32 inside a product, so its length adds nothing.
 */
const BFLOAT16_TOLERANCE = 4 * 2 ** -9;

if (found.state !== 'ready') {
  skippedTensorBackend('tensorflow', found.reason);
} else {
  tensorBackendContract({
    name: 'tensorflow in float32',
    create: () => createTensorBackend('tensorflow', { nativeRuntime, frozenFormat: 'F32' }),
  });
  tensorBackendContract({
    name: 'tensorflow in bfloat16',
    create: () => createTensorBackend('tensorflow', { nativeRuntime, frozenFormat: 'BF16' }),
    shortTolerance: BFLOAT16_TOLERANCE,
  });
}
