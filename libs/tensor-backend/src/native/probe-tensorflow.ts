import type { NativeOperations } from './native-operations.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';
import type { ShortFormat } from './native-backend.js';

/** Sides of the products that are timed: about the size of a small model's layer, and a few milliseconds. */
const [N, I, O] = [64, 512, 2048];
const REPETITIONS = 12;
/**
 * Bfloat16 halves the memory of the weights, so it may be a little slower; where it isn't native it is many times slower. Between the two, no other
 * program that happens to run meanwhile decides.
 */
const ACCEPTED_SLOWDOWN = 1.5;

/**
 * Runs the operations that everything depends on and finds out in which format this device multiplies faster.
 * @throws Error that names the operation which failed or gave a wrong result
 */
export function probeTensorflow(operations: NativeOperations): ShortFormat {
  check(operations, 'Softmax', () => operations.unary('Softmax', row(operations, [0, 0])), [0.5, 0.5]);
  check(operations, 'MatMul', () => square(operations, ElementType.float32), [5]);
  return multipliesWellInBfloat16(operations) ? 'BF16' : 'F32';
}

/** Bfloat16 must be there, be right, and not be much slower than float32. */
function multipliesWellInBfloat16(operations: NativeOperations): boolean {
  try {
    const one = () => operations.create([1, 1, 2], ElementType.uint8, Uint8Array.of(0x80, 0x3f));
    const fromBytes = () => operations.cast(operations.bitcast(one(), ElementType.bfloat16), ElementType.float32);
    check(operations, 'Bitcast to bfloat16', fromBytes, [1]);
    check(operations, 'MatMul of bfloat16', () => square(operations, ElementType.bfloat16), [5]);
    const [short, long] = quickest(operations, [ElementType.bfloat16, ElementType.float32]);
    return short! <= ACCEPTED_SLOWDOWN * long!;
  } catch {
    return false;
  }
}

/** [1, 2]·[1, 2]ᵀ */
function square(operations: NativeOperations, type: ElementType): TensorHandle {
  const values = operations.cast(row(operations, [1, 2]), type);
  return operations.cast(operations.matMul(values, values, { right: true }), ElementType.float32);
}

function row(operations: NativeOperations, values: readonly number[]): TensorHandle {
  return operations.create([1, values.length], ElementType.float32, Float32Array.from(values));
}

function check(
  operations: NativeOperations,
  name: string,
  work: () => TensorHandle,
  expected: readonly number[],
): void {
  const values = operations.discard(() => [...operations.read(work())]);
  if (values.join() !== expected.join()) throw new Error(`${name} gave [${values.join()}], not [${expected.join()}]`);
}

/** For each type the quickest of a few products x·Wᵀ of float32 rows, conversions included, in milliseconds. The types take turns. */
function quickest(operations: NativeOperations, types: readonly ElementType[]): number[] {
  return operations.discard(() => {
    const zeros = (rows: number, columns: number) =>
      operations.create([rows, columns], ElementType.float32, new Float32Array(rows * columns));
    const x = zeros(N, I);
    const weights = types.map((type) => operations.cast(zeros(O, I), type));
    const best = types.map(() => Infinity);
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      for (const [i, type] of types.entries()) {
        const start = performance.now();
        operations.cast(operations.matMul(operations.cast(x, type), weights[i]!, { right: true }), ElementType.float32);
        best[i] = Math.min(best[i]!, performance.now() - start);
      }
    }
    return best;
  });
}
