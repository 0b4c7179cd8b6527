import type { Tensor2D } from '@tensorflow/tfjs-core';
import {
  attentionBlockBackward,
  attentionBlockDerived,
  attentionBlockForward,
  attentionBlockKept,
} from './attention-block.js';
import type { AttentionActivations, AttentionDerived, AttentionKept } from './attention-block.js';
import type { LayerLoraGradients, LayerPass } from './layer-pass.js';
import { mlpBlockActivations, mlpBlockBackward, mlpBlockKept, mlpBlockOutput } from './mlp-block.js';
import type { MlpActivations, MlpKept } from './mlp-block.js';
import { normForward } from './norm.js';
import type { NormForward } from './norm.js';

/*
 * One decoder layer: y = h + mlp(norm(h)) with h = x + attention(norm(x)).
 * Axes: T positions, C hidden size, H query heads, G key/value heads, D head size, I width of the MLP.
 * All of these are to be called under `tidy`, which spares what is wanted.
 */

/** A way forward through the layer, but for its last product. */
export interface LayerActivations {
  readonly attention: AttentionActivations;
  readonly mlp: MlpActivations;
}

/** What of it is worth its memory until the way back: results of products with frozen weights. */
export interface LayerKept {
  readonly attention: AttentionKept;
  readonly mlp: MlpKept;
}

/** What the way back needs besides the layer's input. */
export interface LayerBackwardInput {
  readonly kept: LayerKept;
  readonly attention: AttentionDerived;
  readonly mlpNorm: NormForward;
}

/** x (T, C) */
export function decoderLayerActivations(x: Tensor2D, pass: LayerPass): LayerActivations {
  const attention = attentionBlockForward(x, pass);
  return { attention, mlp: mlpBlockActivations(attention.h, pass) };
}

export function decoderLayerKept({ attention, mlp }: LayerActivations, pass: LayerPass): LayerKept {
  return { attention: attentionBlockKept(attention, pass), mlp: mlpBlockKept(mlp, pass) };
}

/** After a way forward that was only taken to go back. */
export function backwardInputFromActivations(activations: LayerActivations, pass: LayerPass): LayerBackwardInput {
  const { attention, mlp } = activations;
  return { kept: decoderLayerKept(activations, pass), attention, mlpNorm: mlp.norm };
}

/** The same, bit for bit, without repeating a product with frozen weights. */
export function backwardInputFromKept(x: Tensor2D, kept: LayerKept, pass: LayerPass): LayerBackwardInput {
  const attention = attentionBlockDerived(x, kept.attention, pass);
  return { kept, attention, mlpNorm: normForward(kept.attention.h, pass.layer.postAttentionNorm, pass) };
}

/** y (T − from, C) */
export function decoderLayerOutput({ attention, mlp }: LayerActivations, pass: LayerPass): Tensor2D {
  return mlpBlockOutput(attention.h, mlp, pass);
}

/** x (T, C) → y (T − from, C), with nothing to go back by. */
export function decoderLayerForward(x: Tensor2D, pass: LayerPass): Tensor2D {
  return decoderLayerOutput(decoderLayerActivations(x, pass), pass);
}

/** Gradients without a cache — dy (T − from, C), x and dx (T, C); dx is null where it isn't wanted: no weight is under the lowest layer's input */
export function decoderLayerBackward(
  dy: Tensor2D,
  x: Tensor2D,
  { kept, attention, mlpNorm }: LayerBackwardInput,
  pass: LayerPass,
  isDxWanted: boolean,
): { readonly dx: Tensor2D | null; readonly lora: LayerLoraGradients } {
  // y = h + mlp(h)
  const { dh, lora: mlpLora } = mlpBlockBackward(dy, kept.attention.h, mlpNorm, kept.mlp, pass);
  // h = x + attention(x)
  const { dx, lora: attentionLora } = attentionBlockBackward(dh, x, kept.attention, attention, pass, isDxWanted);
  return { dx, lora: { ...attentionLora, ...mlpLora } };
}
