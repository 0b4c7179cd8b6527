import { concat, dispose, keep, slice } from '@tensorflow/tfjs-core';
import type { Tensor3D } from '@tensorflow/tfjs-core';
import type { ExtendKeyValues } from '../model/layer-pass.js';

interface KeyValues {
  /** (G, S, D) */
  readonly k: Tensor3D;
  readonly v: Tensor3D;
}

/** Keys and values of the positions that a sequence has gone through, by layer. One sequence. */
export class KeyValueCache {
  /** Positions that all layers hold. */
  length = 0;
  private readonly layers = new Map<number, KeyValues>();

  /**
   * For the forward pass of one layer over T new positions, of which the first `count` are real.
   * To be called under `tidy`; what the cache holds on to survives that.
   */
  extend(layer: number, count: number): ExtendKeyValues {
    return (k, v) => {
      const known = this.layers.get(layer);
      const joined = known ? { k: concat([known.k, k], 1), v: concat([known.v, v], 1) } : { k, v };
      const S = this.length + count;
      this.layers.set(layer, { k: this.keepPositions(joined.k, S), v: this.keepPositions(joined.v, S) });
      if (known) dispose([known.k, known.v]);
      return { ...joined, offset: this.length };
    };
  }

  /** After all layers were extended by `count` positions. */
  advance(count: number): void {
    this.length += count;
  }

  dispose(): void {
    for (const { k, v } of this.layers.values()) dispose([k, v]);
    this.layers.clear();
  }

  private keepPositions(x: Tensor3D, S: number): Tensor3D {
    const [G, , D] = x.shape;
    return keep(x.shape[1] === S ? x : slice(x, [0, 0, 0], [G, S, D]));
  }
}
