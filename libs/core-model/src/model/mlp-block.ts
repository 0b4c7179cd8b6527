import { add, concat, slice } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { RmsNormForward } from '@claas/tensor-backend';
import type { LayerLoraGradients, LayerPass } from './layer-pass.js';
import { linearBackward, linearForward, linearOutput, linearReduced } from './linear-group.js';
import type { Reduced } from './linear-group.js';

/** For the backward pass. N rows, I width of the MLP. */
export interface MlpActivations {
  readonly norm: RmsNormForward;
  readonly gateUpReduced: Reduced;
  /** (N, I) */
  readonly gate: Tensor2D;
  readonly up: Tensor2D;
  readonly activated: Tensor2D;
  readonly downReduced: Reduced;
}

/** activated = silu(gate) · up of norm(h) — h (N, C). Everything but the last product, which no gradient needs. */
export function mlpBlockActivations(h: Tensor2D, { backend, config, layer, lora }: LayerPass): MlpActivations {
  const norm = backend.rmsNorm(h, layer.postAttentionNorm, config.rmsNormEpsilon);
  const gateUp = linearForward(backend, norm.y, layer.groups.gateUp, lora?.gateUp ?? null);
  const [N, width] = gateUp.y.shape;
  const gate = slice(gateUp.y, [0, 0], [N, width / 2]);
  const up = slice(gateUp.y, [0, width / 2], [N, width / 2]);
  const activated = backend.swiglu(gate, up);
  const downReduced = linearReduced(backend, activated, lora?.down ?? null);
  return { norm, gateUpReduced: gateUp.reduced, gate, up, activated, downReduced };
}

/** y = h + down(activated) — (N, C) */
export function mlpBlockOutput(
  h: Tensor2D,
  { activated, downReduced }: MlpActivations,
  { backend, layer, lora }: LayerPass,
): Tensor2D {
  return add(h, linearOutput(backend, activated, downReduced, layer.groups.down, lora?.down ?? null));
}

/** Gradients of both — dy (N, C) → dh (N, C) */
export function mlpBlockBackward(
  dy: Tensor2D,
  h: Tensor2D,
  { norm, gateUpReduced, gate, up, activated, downReduced }: MlpActivations,
  { backend, layer, lora }: LayerPass,
): { readonly dh: Tensor2D; readonly lora: Pick<LayerLoraGradients, 'gateUp' | 'down'> } {
  const { groups } = layer;
  // y = h + down(activated)
  const dDown = linearBackward(backend, dy, activated, downReduced, groups.down, lora?.down ?? null);
  // activated = swiglu(gate, up); gate and up are the halves of gateUp
  const { dGate, dUp } = backend.swigluBackward(dDown.dx, gate, up);
  const dgateUp: Tensor2D = concat([dGate, dUp], 1);
  const dGateUp = linearBackward(backend, dgateUp, norm.y, gateUpReduced, groups.gateUp, lora?.gateUp ?? null);
  // norm = rmsNorm(h)
  const dNorm = backend.rmsNormBackward(dGateUp.dx, h, layer.postAttentionNorm, norm.inverseRms);
  return { dh: add(dy, dNorm), lora: { gateUp: dGateUp.lora, down: dDown.lora } };
}
