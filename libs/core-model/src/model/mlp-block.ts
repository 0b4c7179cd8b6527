import { add } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { CompressedMatrix } from '@claas/tensor-backend';
import type { LayerLoraGradients, LayerPass } from './layer-pass.js';
import {
  linearBackward,
  linearForward,
  linearInputBackward,
  linearLoraBackward,
  linearOutput,
  linearReduced,
} from './linear-group.js';
import type { LinearForward, Reduced } from './linear-group.js';
import { normForward } from './norm.js';
import type { NormForward } from './norm.js';

/** What the backward pass needs and only a product with frozen weights could give again. N rows, I width of the MLP. */
export interface MlpKept {
  /** (N, 2·I) */
  readonly gateUp: CompressedMatrix;
  readonly gateUpReduced: Reduced;
  readonly downReduced: Reduced;
}

/** A way forward as far as the last product, which no gradient needs. */
export interface MlpActivations {
  readonly norm: NormForward;
  readonly gateUp: LinearForward;
  /** (N, I): silu(gate) · up */
  readonly activated: CompressedMatrix;
  readonly downReduced: Reduced;
}

/** activated = silu(gate) · up of norm(h) — h (N, C) */
export function mlpBlockActivations(h: Tensor2D, pass: LayerPass): MlpActivations {
  const { backend, layer, lora } = pass;
  const norm = normForward(h, layer.postAttentionNorm, pass);
  const gateUp = linearForward(backend, norm.y, layer.groups.gateUp, lora?.gateUp ?? null);
  const activated = backend.compress(backend.swiglu(gateUp.y));
  return { norm, gateUp, activated, downReduced: linearReduced(backend, activated, lora?.down ?? null) };
}

export function mlpBlockKept({ gateUp, downReduced }: MlpActivations, { backend }: LayerPass): MlpKept {
  return { gateUp: backend.compress(gateUp.y), gateUpReduced: gateUp.reduced, downReduced };
}

/** y = h + down(activated) — (N, C) */
export function mlpBlockOutput(
  h: Tensor2D,
  { activated, downReduced }: MlpActivations,
  { backend, layer, lora }: LayerPass,
): Tensor2D {
  return add(h, linearOutput(backend, activated, downReduced, layer.groups.down, lora?.down ?? null));
}

/** Gradients of all of it — dy (N, C), `norm` that of the forward pass or the same again → dh (N, C) */
export function mlpBlockBackward(
  dy: Tensor2D,
  h: Tensor2D,
  norm: NormForward,
  { gateUp, gateUpReduced, downReduced }: MlpKept,
  { backend, layer, lora }: LayerPass,
): { readonly dh: Tensor2D; readonly lora: Pick<LayerLoraGradients, 'gateUp' | 'down'> } {
  const { groups } = layer;
  // y = h + down(activated)
  const dOutput = backend.compress(dy);
  const dDown = linearInputBackward(backend, dOutput, groups.down, lora?.down ?? null);
  // activated = swiglu(gateUp)
  const { dGateUp: dProduct, activated } = backend.swigluBackward(dDown.dx, gateUp);
  const downLora = linearLoraBackward(backend, dOutput, dDown.dReduced, activated, downReduced);
  const dGateUp = linearBackward(backend, dProduct, norm.y, gateUpReduced, groups.gateUp, lora?.gateUp ?? null);
  // norm = rmsNorm(h)
  const dNorm = backend.rmsNormBackward(backend.restore(dGateUp.dx), h, layer.postAttentionNorm, norm.inverseRms);
  return { dh: add(dy, dNorm), lora: { gateUp: dGateUp.lora, down: downLora } };
}
