import { ElementType } from './tensorflow-binding.js';
import type { TensorflowBinding } from './tensorflow-binding.js';

/** Shapes and permutations depend on sequence lengths, which are many; so few are kept that an unlucky eviction costs more than their memory. */
const MAXIMUM_CONSTANTS = 512;

/** Small tensors that operations take as arguments: made once by value, the least recently used one goes first. */
export class ConstantTensors {
  private readonly ids = new Map<string, number>();

  constructor(private readonly binding: TensorflowBinding) {}

  /** () float32 */
  scalar(value: number): number {
    return this.get(`f${value}`, () => this.binding.createTensor([], ElementType.float32, Float32Array.of(value)));
  }

  /** () int32 */
  integer(value: number): number {
    return this.get(`i${value}`, () => this.binding.createTensor([], ElementType.int32, Int32Array.of(value)));
  }

  /** (n) int32 */
  integers(values: readonly number[]): number {
    const create = () => this.binding.createTensor([values.length], ElementType.int32, Int32Array.from(values));
    return this.get(`[${values.join()}]`, create);
  }

  /** (m, n) int32 */
  matrix(rows: readonly (readonly number[])[]): number {
    const shape = [rows.length, rows[0]!.length];
    const create = () => this.binding.createTensor(shape, ElementType.int32, Int32Array.from(rows.flat()));
    return this.get(`[${rows.map((row) => row.join()).join(';')}]`, create);
  }

  /** Whatever `create` makes, kept under a name of the caller's. */
  get(key: string, create: () => number): number {
    const id = this.ids.get(key) ?? create();
    this.ids.delete(key);
    this.ids.set(key, id);
    if (this.ids.size > MAXIMUM_CONSTANTS) this.evictOldest();
    return id;
  }

  private evictOldest(): void {
    for (const [key, id] of this.ids) {
      this.binding.deleteTensor(id);
      this.ids.delete(key);
      return;
    }
  }
}
