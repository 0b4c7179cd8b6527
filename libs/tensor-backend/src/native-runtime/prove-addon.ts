import { createRequire } from 'node:module';

/** The few entries of the addon that the proof uses; numbers are TensorFlow's enumerations. */
interface Addon {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  isUsingGpuDevice(): boolean;
  createTensor(shape: readonly number[], type: number, values: Float32Array): number;
  executeOp(name: string, attributes: readonly object[], inputs: readonly number[], outputs: number): { id: number }[];
  tensorDataSync(id: number): Float32Array;
}

/** What a working addon says of itself. */
export interface AddonProof {
  readonly tensorflowVersion: string;
  /** Did it find a GPU that it can use? */
  readonly gpu: boolean;
}

const SIZE = 64;

/**
 * Loads the addon and multiplies two 64×64 float32 matrices with it. A broken library can end the process: run this in
 * a process of its own.
 * @throws Error when the addon can't be loaded or the product is wrong
 */
export function proveAddon(addonPath: string): AddonProof {
  const addon = createRequire(import.meta.url)(addonPath) as Addon;
  const a = Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % 7) - 3);
  const b = Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % 5) - 2);
  const ids = [a, b].map((values) => addon.createTensor([SIZE, SIZE], addon.TF_FLOAT, values));
  const attributes = [
    { name: 'transpose_a', type: addon.TF_ATTR_BOOL, value: false },
    { name: 'transpose_b', type: addon.TF_ATTR_BOOL, value: false },
    { name: 'T', type: addon.TF_ATTR_TYPE, value: addon.TF_FLOAT },
  ];
  const [result] = addon.executeOp('MatMul', attributes, ids, 1);
  if (result === undefined) throw new Error('The matrix product has no result.');
  checkProduct(a, b, addon.tensorDataSync(result.id));
  return { tensorflowVersion: addon.TF_Version, gpu: addon.isUsingGpuDevice() };
}

/** The factors are small integers, so the product is exact in float32 and in TF32. */
function checkProduct(a: Float32Array, b: Float32Array, product: Float32Array): void {
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      let expected = 0;
      for (let k = 0; k < SIZE; k++) expected += a[row * SIZE + k]! * b[k * SIZE + column]!;
      const actual = product[row * SIZE + column];
      if (actual !== expected) {
        throw new Error(
          `The matrix product is wrong: element ${row}, ${column} is ${String(actual)}, not ${expected}.`,
        );
      }
    }
  }
}
