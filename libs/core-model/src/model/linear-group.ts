import type { CompressedMatrix, FrozenMatrix, TensorBackend } from '@claas/tensor-backend';
import type { LoraModuleName } from '../adapter-files/lora-module.js';

/** Frozen linear modules that share their input, stacked by rows: one product serves them all. */
export interface LinearGroup {
  /** (O, I): the rows of `modules` one after the other. */
  readonly matrix: FrozenMatrix;
  /** (1, O), or null. */
  readonly bias: CompressedMatrix | null;
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
  readonly down: CompressedMatrix;
  /** (nR, O): the modules' B, transposed and times alpha / r, on the diagonal. */
  readonly up: CompressedMatrix;
}

/** (N, nR): x·down, which the backward pass needs; null without LoRA. */
export type Reduced = CompressedMatrix | null;

export interface LinearForward {
  /** (N, O) */
  readonly y: CompressedMatrix;
  readonly reduced: Reduced;
}

/** y = x·Wᵀ + bias + (x·down)·up — x (N, I) */
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
  return lora === null ? null : backend.product(x, lora.down);
}

export function linearOutput(
  backend: TensorBackend,
  x: CompressedMatrix,
  reduced: Reduced,
  group: LinearGroup,
  lora: PackedLora | null,
): CompressedMatrix {
  const frozen = backend.frozenProduct(x, group.matrix);
  const biased = group.bias === null ? frozen : backend.sum(frozen, group.bias);
  return lora === null || reduced === null ? biased : backend.sum(biased, backend.product(reduced, lora.up));
}

export interface LinearGradients {
  /** (N, I) */
  readonly dx: CompressedMatrix;
  /** Null without LoRA. */
  readonly lora: PackedLoraGradients | null;
}

export interface PackedLoraGradients {
  /** (nR, I): the gradients of the modules' A, one below the other. */
  readonly dA: CompressedMatrix;
  /** (nR, O): the gradient of `up`; only its diagonal blocks are weights. */
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
  // frozen = x·Wᵀ
  const dFrozen = backend.frozenProductBackward(dy, group.matrix);
  if (lora === null || reduced === null) return { dx: dFrozen, lora: null };
  const { dReduced, ...gradients } = loraBackward(backend, dy, x, reduced, lora);
  return { dx: backend.sum(dFrozen, backend.productTransposedRight(dReduced, lora.down)), lora: gradients };
}

/** The gradients of the LoRA weights alone; null without LoRA. Arguments as those of `linearBackward`. */
export function linearLoraBackward(
  backend: TensorBackend,
  dy: CompressedMatrix,
  x: CompressedMatrix,
  reduced: Reduced,
  lora: PackedLora | null,
): PackedLoraGradients | null {
  if (lora === null || reduced === null) return null;
  const { dA, dUp } = loraBackward(backend, dy, x, reduced, lora);
  return { dA, dUp };
}

function loraBackward(
  backend: TensorBackend,
  dy: CompressedMatrix,
  x: CompressedMatrix,
  reduced: CompressedMatrix,
  lora: PackedLora,
): PackedLoraGradients & { readonly dReduced: CompressedMatrix } {
  // y = biased + reduced·up
  const dReduced = backend.productTransposedRight(dy, lora.up);
  const dUp = backend.productTransposedLeft(reduced, dy);
  // reduced = x·down
  return { dReduced, dUp, dA: backend.productTransposedLeft(dReduced, x) };
}
