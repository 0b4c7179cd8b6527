import { keep, tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/** Finite, so that no difference of two masked scores is NaN; its exponential is 0 beside any real score. */
const MASKED = -1e9;
/** Prompts come in buckets of lengths; a handful of masks serves a session and the bound keeps long prompts from piling up. */
const MAXIMUM_MASKS = 16;

/** Additive causal masks, made once per shape; the least recently used one goes first. */
export class CausalMasks {
  private readonly masks = new Map<string, Tensor2D>();

  /** (T, offset + T): 0 where key ≤ offset + query, else very negative. Belongs to the cache. */
  get(T: number, offset: number): Tensor2D {
    const key = `${T}/${offset}`;
    const mask = this.masks.get(key) ?? keep(createMask(T, offset));
    this.masks.delete(key);
    this.masks.set(key, mask);
    if (this.masks.size > MAXIMUM_MASKS) this.evictOldest();
    return mask;
  }

  private evictOldest(): void {
    for (const [key, mask] of this.masks) {
      mask.dispose();
      this.masks.delete(key);
      return;
    }
  }
}

function createMask(T: number, offset: number): Tensor2D {
  const S = offset + T;
  const values = new Float32Array(T * S);
  for (let query = 0; query < T; query++) values.fill(MASKED, query * S + offset + query + 1, (query + 1) * S);
  return tensor2d(values, [T, S]);
}
