import { SeededRandom } from './seeded-random.js';

/**
 * A fresh A (R, I), row-major: Kaiming-uniform with a = √5, as in PEFT, is uniform in ±1/√I. Its B is zero.
 * `name` — the module's; each has its own numbers for the same seed, independent of the order in which modules are made.
 */
export function loraInitA(seed: number, name: string, R: number, I: number): Float32Array {
  const bound = 1 / Math.sqrt(I);
  const random = new SeededRandom(seed, name);
  return Float32Array.from({ length: R * I }, () => (2 * random.next() - 1) * bound);
}
