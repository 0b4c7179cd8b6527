import { setImmediate as breathe } from 'node:timers/promises';
import type { AdapterTensor, AdapterTensors } from '@claas/core-model/without-tensors';

/**
 * Frobenius norm of (α/r)·(B′A′ − BA) over all modules, in float64. No (O, I) product is made: with B′A′ − BA = B′·ΔA + ΔB·A
 * = left·right, where every term is as small as the step, ‖left·right‖² = Σ (leftᵀ·left) ⊙ (right·rightᵀ).
 */
export async function adapterChange(before: AdapterTensors, after: AdapterTensors): Promise<number> {
  let squared = 0;
  for (const [key, A] of before.tensors) {
    if (A.part !== 'A') continue;
    const keyOfB = key.replace('.lora_A.', '.lora_B.');
    const [B, afterA, afterB] = [before.tensors.get(keyOfB), after.tensors.get(key), after.tensors.get(keyOfB)];
    if (B === undefined || afterA === undefined || afterB === undefined)
      throw new RangeError(`${key} has no counterpart`);
    squared += squaredChange(A, B, afterA, afterB);
    // A large adapter has hundreds of modules, and others wait for this thread.
    await breathe();
  }
  return (before.loraAlpha / before.rank) * Math.sqrt(Math.max(0, squared));
}

function squaredChange(A: AdapterTensor, B: AdapterTensor, afterA: AdapterTensor, afterB: AdapterTensor): number {
  const [rank, I] = A.shape;
  const O = B.shape[0];
  const at = (tensor: AdapterTensor, i: number): number => tensor.data[i]!;
  // Columns of left (O, 2R): B′, ΔB. Rows of right (2R, I): ΔA, A.
  const left = columns(2 * rank, O, (r, o) => {
    const i = o * rank + (r % rank);
    return r < rank ? at(afterB, i) : at(afterB, i) - at(B, i);
  });
  const right = columns(2 * rank, I, (r, i) => {
    const j = (r % rank) * I + i;
    return r < rank ? at(afterA, j) - at(A, j) : at(A, j);
  });
  let sum = 0;
  for (let a = 0; a < 2 * rank; a++) {
    for (let b = 0; b <= a; b++) {
      const term = dot(left[a]!, left[b]!) * dot(right[a]!, right[b]!);
      sum += a === b ? term : 2 * term;
    }
  }
  return sum;
}

function columns(count: number, length: number, value: (column: number, at: number) => number): Float64Array[] {
  return Array.from({ length: count }, (_, column) =>
    Float64Array.from({ length }, (__, position) => value(column, position)),
  );
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
