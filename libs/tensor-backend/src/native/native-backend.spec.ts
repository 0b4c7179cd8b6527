import { createTensorBackend } from '../create-tensor-backend.js';
import { skippedTensorBackend, tensorBackendContract } from '../testing/index.js';

/** Read at this edge only: where the native library of this machine lies. */
const nativeRuntime = process.env['CLAAS_NATIVE_RUNTIME'];

/**
 * Rounding to bfloat16 is off by at most u = 2⁻⁹ of the number. Two roundings of operands and one of the result make 3·u of the largest value for a single product
 * whose terms do not cancel; four leave room for terms that do. Sums are float32 inside a product, so its length adds nothing.
 */
const BFLOAT16_TOLERANCE = 4 * 2 ** -9;

if (nativeRuntime === undefined) {
  skippedTensorBackend('tensorflow', 'CLAAS_NATIVE_RUNTIME does not name a native runtime');
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
