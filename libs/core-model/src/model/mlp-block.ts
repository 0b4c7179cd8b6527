import { add } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { CompressedMatrix } from '@claas/tensor-backend';
import type { LayerLoraGradients, LayerPass } from './layer-pass.js';
import { linearBackward, linearForward, linearOutput, linearReduced } from './linear-group.js';
import type { Reduced } from './linear-group.js';
import { normForward } from './norm.js';
import type { NormForward } from './norm.js';

/** What the backward pass needs and only a product with frozen weights could give again. N rows, I width of the MLP. */
export interface MlpKept {
  /** (N, 2·I) */
  readonly gateUp: CompressedMatrix;
  readonly gateUpReduced: Reduced;
  readonly downReduced: Reduced;
}

/** What else it needs, which follows from the block's input and what is kept. */
export interface MlpDerived {
  readonly norm: NormForward;
  /** (N, I) */
  readonly activated: CompressedMatrix;
}

export interface MlpActivations {
  readonly kept: MlpKept;
  readonly derived: MlpDerived;
}

/** activated = silu(gate) · up of norm(h) — h (N, C). Everything but the last product, which no gradient needs. */
export function mlpBlockActivations(h: Tensor2D, pass: LayerPass): MlpActivations {
  const { backend, layer, lora } = pass;
  const norm = normForward(h, layer.postAttentionNorm, pass);
  const gateUp = linearForward(backend, norm.y, layer.groups.gateUp, lora?.gateUp ?? null);
  const activated = backend.compress(backend.swiglu(gateUp.y));
  const downReduced = linearReduced(backend, activated, lora?.down ?? null);
  return {
    kept: { gateUp: backend.compress(gateUp.y), gateUpReduced: gateUp.reduced, downReduced },
    derived: { norm, activated },
  };
}

/** The same numbers as in the forward pass, bit for bit. */
export function mlpBlockDerived(h: Tensor2D, { gateUp }: MlpKept, pass: LayerPass): MlpDerived {
  return { norm: normForward(h, pass.layer.postAttentionNorm, pass), activated: pass.backend.swiglu(gateUp) };
}

/** y = h + down(activated) — (N, C) */
export function mlpBlockOutput(
  h: Tensor2D,
  { kept: { downReduced }, derived: { activated } }: MlpActivations,
  { backend, layer, lora }: LayerPass,
): Tensor2D {
  return add(h, linearOutput(backend, activated, downReduced, layer.groups.down, lora?.down ?? null));
}

/** Gradients of both — dy (N, C) → dh (N, C) */
export function mlpBlockBackward(
  dy: Tensor2D,
  h: Tensor2D,
  { kept: { gateUp, gateUpReduced, downReduced }, derived: { norm, activated } }: MlpActivations,
  { backend, layer, lora }: LayerPass,
): { readonly dh: Tensor2D; readonly lora: Pick<LayerLoraGradients, 'gateUp' | 'down'> } {
  const { groups } = layer;
  // y = h + down(activated)
  const dDown = linearBackward(backend, backend.compress(dy), activated, downReduced, groups.down, lora?.down ?? null);
  // activated = swiglu(gateUp)
  const dActivated = backend.swigluBackward(dDown.dx, gateUp);
  const dGateUp = linearBackward(backend, dActivated, norm.y, gateUpReduced, groups.gateUp, lora?.gateUp ?? null);
  // norm = rmsNorm(h)
  const dNorm = backend.rmsNormBackward(backend.restore(dGateUp.dx), h, layer.postAttentionNorm, norm.inverseRms);
  return { dh: add(dy, dNorm), lora: { gateUp: dGateUp.lora, down: dDown.lora } };
}
