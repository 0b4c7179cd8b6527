import { add } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { CompressedMatrix, FrozenMatrix, TensorBackend } from '@claas/tensor-backend';
import type { LoraModuleName } from '../adapter-files/lora-module.js';

/** Frozen linear modules that share their input, stacked by rows: one product serves them all. */
export interface LinearGroup {
  /** (O, I): the rows of `modules` one after the other. */
  readonly matrix: FrozenMatrix;
  /** (1, O), or null. */
  readonly bias: Tensor2D | null;
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
  /** (nR, I): the modules' A, one below the other. */
  readonly down: CompressedMatrix;
  /** (O, nR): the modules' B times alpha / r, on the diagonal. */
  readonly up: CompressedMatrix;
}

/** (N, nR): x·downᵀ, which the backward pass needs; null without LoRA. */
export type Reduced = CompressedMatrix | null;

export interface LinearForward {
  /** (N, O) */
  readonly y: Tensor2D;
  readonly reduced: Reduced;
}

/** y = x·Wᵀ + bias + (x·downᵀ)·upᵀ — x (N, I) */
export function linearForward(
  backend: TensorBackend,
  x: CompressedMatrix,
  group: LinearGroup,
  lora: PackedLora | null,
): LinearForward {
  const reduced = linearReduced(backend, x, lora);
  return { y: linearOutput(backend, x, reduced, group, lora), reduced };
}

export function linearReduced(backend: TensorBackend, x: CompressedMatrix, lora: PackedLora | null): Reduced {
  return lora === null ? null : backend.productTransposedRight(x, lora.down);
}

/**
 * The sum is float32: what an adapter adds is at first far less than one unit in the last place of the short format, and the frozen product
 * has been rounded to that already, so that rounding their sum would leave nothing of it.
 */
export function linearOutput(
  backend: TensorBackend,
  x: CompressedMatrix,
  reduced: Reduced,
  group: LinearGroup,
  lora: PackedLora | null,
): Tensor2D {
  const frozen = backend.restore(backend.frozenProduct(x, group.matrix));
  const biased: Tensor2D = group.bias === null ? frozen : add(frozen, group.bias);
  if (lora === null || reduced === null) return biased;
  return add(biased, backend.restore(backend.productTransposedRight(reduced, lora.up)));
}

export interface LinearGradients {
  /** (N, I) */
  readonly dx: CompressedMatrix;
  /** Null without LoRA. */
  readonly lora: PackedLoraGradients | null;
}

export interface PackedLoraGradients {
  /** (nR, I): the gradients of the modules' A, one below the other. */
  readonly dDown: CompressedMatrix;
  /** (O, nR): the gradient of `up`; only its diagonal blocks are weights. */
  readonly dUp: CompressedMatrix;
}

/** Gradients of `linearForward` — dy (N, O); x and `reduced` as in the forward pass. */
export function linearBackward(
  backend: TensorBackend,
  dy: CompressedMatrix,
  x: CompressedMatrix,
  reduced: Reduced,
  group: LinearGroup,
  lora: PackedLora | null,
): LinearGradients {
  const { dx, dReduced } = linearInputBackward(backend, dy, group, lora);
  return { dx, lora: linearLoraBackward(backend, dy, dReduced, x, reduced) };
}

/** The gradient of the input, and that of `reduced`, from which `linearLoraBackward` goes on — dy (N, O) */
export function linearInputBackward(
  backend: TensorBackend,
  dy: CompressedMatrix,
  group: LinearGroup,
  lora: PackedLora | null,
): { readonly dx: CompressedMatrix; readonly dReduced: Reduced } {
  // frozen = x·Wᵀ
  const dFrozen = backend.frozenProductBackward(dy, group.matrix);
  const dReduced = linearReducedBackward(backend, dy, lora);
  if (lora === null || dReduced === null) return { dx: dFrozen, dReduced: null };
  return { dx: backend.sum(dFrozen, backend.product(dReduced, lora.down)), dReduced };
}

/** The gradient of `reduced`, (N, nR); null without LoRA — dy (N, O) */
export function linearReducedBackward(backend: TensorBackend, dy: CompressedMatrix, lora: PackedLora | null): Reduced {
  // y = biased + reduced·upᵀ
  return lora === null ? null : backend.product(dy, lora.up);
}

/** The gradients of the LoRA weights alone; null without LoRA. */
export function linearLoraBackward(
  backend: TensorBackend,
  dy: CompressedMatrix,
  dReduced: Reduced,
  x: CompressedMatrix,
  reduced: Reduced,
): PackedLoraGradients | null {
  if (reduced === null || dReduced === null) return null;
  return {
    // reduced = x·downᵀ
    dDown: backend.productTransposedLeft(dReduced, x),
    dUp: backend.productTransposedLeft(dy, reduced),
  };
}
