import { concat, mul, stack, sub, sum, tidy } from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { TensorBackend } from '@claas/tensor-backend';

/** The two factors of a module's update ΔW = scale·B·A — A (R, I), B (O, R). */
export interface LoraFactors {
  readonly A: Tensor2D;
  readonly B: Tensor2D;
}

/** A module's factors before and after a step. */
export interface LoraFactorsChange {
  readonly before: LoraFactors;
  readonly after: LoraFactors;
}

/** Frobenius norm of scale·(B′A′ − BA) over all modules. No (O, I) product is made. */
export async function adapterChange(
  backend: TensorBackend,
  modules: readonly LoraFactorsChange[],
  scale: number,
): Promise<number> {
  // One module's Gram matrices at a time; only their sums stay.
  const squaredNorms = tidy(
    () => stack(modules.map((module) => tidy(() => squaredChange(backend, module)))) as Tensor1D,
  );
  const values = await squaredNorms.data<'float32'>();
  squaredNorms.dispose();
  return Math.abs(scale) * Math.sqrt(values.reduce((total, value) => total + Math.max(0, value), 0));
}

/**
 * ‖B′A′ − BA‖² by two Gram matrices. The difference is written as B′·ΔA + ΔB·A = left·right, where every term is as small as the step,
 * and not as [B′, −B]·[A′; A], where float32 would lose a small step between two large, nearly equal products.
 * With left (O, 2R) and right (2R, I): ‖left·right‖² = Σ (leftᵀ·left) ⊙ (right·rightᵀ).
 */
function squaredChange(backend: TensorBackend, { before, after }: LoraFactorsChange): Scalar {
  const left: Tensor2D = concat([after.B, sub<Tensor2D>(after.B, before.B)], 1);
  const right: Tensor2D = concat([sub<Tensor2D>(after.A, before.A), before.A], 0);
  const leftGram = backend.productTransposedLeft(left, left);
  const rightGram = backend.productTransposedRight(right, right);
  return sum(mul(leftGram, rightGram));
}
