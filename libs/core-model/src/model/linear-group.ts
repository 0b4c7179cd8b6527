import { add } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { FrozenMatrix, TensorBackend } from '@claas/tensor-backend';
import type { LoraModuleName } from '../adapter-files/lora-module.js';

/** Frozen linear modules that share their input, stacked by rows: one product serves them all. */
export interface LinearGroup {
  /** (O, I): the rows of `modules` one after the other. */
  readonly matrix: FrozenMatrix;
  /** (O), or null. */
  readonly bias: Tensor1D | null;
  readonly modules: readonly LinearGroupModule[];
}

export interface LinearGroupModule {
  readonly module: LoraModuleName;
  readonly rows: number;
}

/**
 * The LoRA weights of a group's modules (n of them, at least one) as two matrices, so that one pair of products serves them all.
 * Blocks that belong to no module are zero.
 */
export interface PackedLora {
  /** (I, nR): the modules' A, transposed, side by side. */
  readonly down: Tensor2D;
  /** (nR, O): the modules' B, transposed and times alpha / r, on the diagonal. */
  readonly up: Tensor2D;
}

/** (N, nR): x·down, which the backward pass needs; null without LoRA. */
export type Reduced = Tensor2D | null;

export interface LinearForward {
  /** (N, O) */
  readonly y: Tensor2D;
  readonly reduced: Reduced;
}

/** y = x·Wᵀ + bias + (x·down)·up — x (N, I) */
export function linearForward(
  backend: TensorBackend,
  x: Tensor2D,
  group: LinearGroup,
  lora: PackedLora | null,
): LinearForward {
  const reduced = linearReduced(backend, x, lora);
  return { y: linearOutput(backend, x, reduced, group, lora), reduced };
}

/** The first half of LoRA: x·down — x (N, I) → (N, nR) */
export function linearReduced(backend: TensorBackend, x: Tensor2D, lora: PackedLora | null): Reduced {
  return lora === null ? null : backend.product(x, lora.down);
}

/** y of `linearForward` from what `linearReduced` gave — x (N, I) → (N, O) */
export function linearOutput(
  backend: TensorBackend,
  x: Tensor2D,
  reduced: Reduced,
  group: LinearGroup,
  lora: PackedLora | null,
): Tensor2D {
  const frozen = backend.frozenProduct(x, group.matrix);
  const biased: Tensor2D = group.bias === null ? frozen : add(frozen, group.bias);
  return lora === null || reduced === null ? biased : add(biased, backend.product(reduced, lora.up));
}

export interface LinearGradients {
  /** (N, I) */
  readonly dx: Tensor2D;
  /** Null without LoRA. */
  readonly lora: PackedLoraGradients | null;
}

export interface PackedLoraGradients {
  /** (nR, I): the gradients of the modules' A, one below the other. */
  readonly dA: Tensor2D;
  /** (nR, O): the gradient of `up`; only its diagonal blocks are weights. */
  readonly dUp: Tensor2D;
}

/** Gradients of `linearForward` — dy (N, O); x and `reduced` as in the forward pass. */
export function linearBackward(
  backend: TensorBackend,
  dy: Tensor2D,
  x: Tensor2D,
  reduced: Reduced,
  group: LinearGroup,
  lora: PackedLora | null,
): LinearGradients {
  // frozen = x·Wᵀ
  const dFrozen = backend.frozenProductBackward(dy, group.matrix);
  if (lora === null || reduced === null) return { dx: dFrozen, lora: null };
  // y = biased + reduced·up
  const dReduced = backend.productTransposedRight(dy, lora.up);
  const dUp = backend.productTransposedLeft(reduced, dy);
  // reduced = x·down
  const dA = backend.productTransposedLeft(dReduced, x);
  const dx: Tensor2D = add(dFrozen, backend.productTransposedRight(dReduced, lora.down));
  return { dx, lora: { dA, dUp } };
}
