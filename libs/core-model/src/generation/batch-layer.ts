import { add, split } from '@tensorflow/tfjs-core';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { CompressedMatrix } from '@claas/tensor-backend';
import type { LayerPass, LinearGroupName } from '../model/layer-pass.js';
import { normForward } from '../model/norm.js';
import { rotatedHeadsForward } from '../model/rotated-heads.js';
import { batchLinear } from './batch-linear.js';
import type { LoraRows } from './batch-linear.js';
import type { KeyValueCache } from './key-value-cache.js';

/** What a batch needs to go through one layer. N sequences. */
export interface BatchLayerPass {
  /** Rotary tables (N, D): row n is that of sequence n's new position. Its adapter is not used. */
  readonly pass: LayerPass;
  readonly index: number;
  /** By sequence. */
  readonly caches: readonly KeyValueCache[];
  /** In the order of the sequences. */
  readonly loraRows: readonly LoraRows[];
}

/**
 * One decoder layer over one new position of each of N sequences: everything but attention is done for all of them at once.
 * To be called under `tidy` — x (N, C) → (N, C)
 */
export function batchLayerForward(x: Tensor2D, batch: BatchLayerPass): Tensor2D {
  const { pass, loraRows } = batch;
  const { backend, layer } = pass;
  const linear = (input: CompressedMatrix, name: LinearGroupName): Tensor2D =>
    batchLinear(backend, input, name, layer.groups[name], loraRows);
  const qkv = linear(normForward(x, layer.inputNorm, pass).y, 'qkv');
  const attended = batchAttention(qkv, batch);
  const h: Tensor2D = add(x, linear(attended, 'o'));
  const gateUp = linear(normForward(h, layer.postAttentionNorm, pass).y, 'gateUp');
  return add(h, linear(backend.compress(backend.swiglu(gateUp)), 'down'));
}

/** Each sequence's query over its own keys and values — qkv (N, (H + 2G)·D) → (N, H·D) */
function batchAttention(qkv: Tensor2D, { pass, index, caches }: BatchLayerPass): CompressedMatrix {
  const { backend } = pass;
  const { q, k, v } = rotatedHeadsForward(qkv, pass);
  const [queries, keys, values] = [q, k, v].map((heads) => bySequence(heads, caches.length)) as [
    Tensor3D[],
    Tensor3D[],
    Tensor3D[],
  ];
  const outputs = caches.map((cache, n) => {
    const seen = cache.append(index, keys[n]!, values[n]!);
    return backend.mergeHeads([backend.attentionOfOne(queries[n]!, seen)]);
  });
  return outputs.length === 1 ? outputs[0]! : backend.concatRows(outputs);
}

/** (H, N, D) → N times (H, 1, D) */
function bySequence(heads: Tensor3D, count: number): Tensor3D[] {
  return count === 1 ? [heads] : split(heads, count, 1);
}
