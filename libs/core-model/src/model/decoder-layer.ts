import type { Tensor2D } from '@tensorflow/tfjs-core';
import { attentionBlockBackward, attentionBlockDerived, attentionBlockForward } from './attention-block.js';
import type { AttentionActivations, AttentionKept } from './attention-block.js';
import type { LayerLoraGradients, LayerPass } from './layer-pass.js';
import { mlpBlockActivations, mlpBlockBackward, mlpBlockDerived, mlpBlockOutput } from './mlp-block.js';
import type { MlpActivations, MlpKept } from './mlp-block.js';

/*
 * One decoder layer: y = h + mlp(norm(h)) with h = x + attention(norm(x)).
 * Axes: T positions, C hidden size, H query heads, G key/value heads, D head size, I width of the MLP.
 * All of these are to be called under `tidy`, which spares what is wanted.
 */

/** What the backward pass needs besides the layer's input. */
export interface LayerActivations {
  readonly attention: AttentionActivations;
  readonly mlp: MlpActivations;
}

/** The part that is worth its memory: results of products with frozen weights. */
export interface LayerKept {
  readonly attention: AttentionKept;
  readonly mlp: MlpKept;
}

/** x (T, C) */
export function decoderLayerActivations(x: Tensor2D, pass: LayerPass): LayerActivations {
  const attention = attentionBlockForward(x, pass);
  return { attention, mlp: mlpBlockActivations(attention.kept.h, pass) };
}

/** The same from the part that was kept: no product with frozen weights is repeated. */
export function decoderLayerFromKept(x: Tensor2D, kept: LayerKept, pass: LayerPass): LayerActivations {
  return {
    attention: { kept: kept.attention, derived: attentionBlockDerived(x, kept.attention, pass) },
    mlp: { kept: kept.mlp, derived: mlpBlockDerived(kept.attention.h, kept.mlp, pass) },
  };
}

/** y (T − from, C) */
export function decoderLayerOutput({ attention, mlp }: LayerActivations, pass: LayerPass): Tensor2D {
  return mlpBlockOutput(attention.kept.h, mlp, pass);
}

/** x (T, C) → y (T − from, C), with nothing to go back by. */
export function decoderLayerForward(x: Tensor2D, pass: LayerPass): Tensor2D {
  return decoderLayerOutput(decoderLayerActivations(x, pass), pass);
}

/** Gradients without a cache — dy (T − from, C), x and dx (T, C); dx is null in the lowest layer, whose input no weight is under */
export function decoderLayerBackward(
  dy: Tensor2D,
  x: Tensor2D,
  { attention, mlp }: LayerActivations,
  pass: LayerPass,
): { readonly dx: Tensor2D | null; readonly lora: LayerLoraGradients } {
  // y = h + mlp(h)
  const { dh, lora: mlpLora } = mlpBlockBackward(dy, attention.kept.h, mlp, pass);
  // h = x + attention(x)
  const { dx, lora: attentionLora } = attentionBlockBackward(dh, x, attention, pass);
  return { dx, lora: { ...attentionLora, ...mlpLora } };
}
