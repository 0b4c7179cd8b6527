import { dispose, keep, reshape, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { FrozenMatrix, TensorBackend, WeightBytes } from '@claas/tensor-backend';
import type { WeightFiles } from '../safetensors/weight-files.js';
import { yieldToEventLoop } from './event-loop.js';

export interface NamedWeight {
  readonly name: string;
  /** (O, I) */
  readonly shape: readonly [rows: number, columns: number];
}

/** Brings weights from files into the tensor backend, one after the other, so that few of them lie in memory twice. */
export class WeightLoader {
  /** Numbers read so far. */
  parameters = 0;
  private readonly owned: { dispose(): void }[] = [];

  constructor(
    private readonly files: WeightFiles,
    private readonly backend: TensorBackend,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Weights stacked by rows. @throws ModelDirectoryError, ComputationCancelledError */
  async matrix(weights: readonly NamedWeight[]): Promise<FrozenMatrix> {
    const read: WeightBytes[] = [];
    for (const { name, shape } of weights) {
      await yieldToEventLoop(this.signal);
      read.push(await this.files.read(name, shape));
      this.parameters += shape[0] * shape[1];
    }
    const matrix = this.backend.frozenMatrix(read);
    this.owned.push(matrix);
    return matrix;
  }

  /** Vectors one after the other in one tensor of float32. @throws ModelDirectoryError, ComputationCancelledError */
  async vector(names: readonly string[], lengths: readonly number[]): Promise<Tensor1D> {
    const values: number[] = [];
    for (const [i, name] of names.entries()) {
      await yieldToEventLoop(this.signal);
      for (const value of await this.files.readVector(name, lengths[i]!)) values.push(value);
    }
    this.parameters += values.length;
    return this.own(keep(tensor1d(values, 'float32')));
  }

  /** The same as one row (1, n). @throws ModelDirectoryError, ComputationCancelledError */
  async row(names: readonly string[], lengths: readonly number[]): Promise<Tensor2D> {
    const vector = await this.vector(names, lengths);
    const row = this.own(keep<Tensor2D>(reshape(vector, [1, vector.shape[0]])));
    dispose(vector);
    return row;
  }

  /** Has a tensor disposed of with everything else when loading fails. */
  own<T extends { dispose(): void }>(tensor: T): T {
    this.owned.push(tensor);
    return tensor;
  }

  /** Gives back everything that was loaded. */
  disposeAll(): void {
    for (const one of this.owned) one.dispose();
    this.owned.length = 0;
  }
}
