import type { NativeOperations } from './native-operations.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';

/*
 * Heads change their order of axes in whichever form is shorter, since that moves all of their memory.
 */

/** (T, N·D) → (N, T, D) float32 */
export function splitHeads(operations: NativeOperations, rows: TensorHandle, D: number): TensorHandle {
  const [T, width] = rows.shape as [number, number];
  const N = width / D;
  const heads =
    T === 1
      ? operations.reshape(rows, [N, 1, D])
      : operations.transpose(operations.reshape(rows, [T, N, D]), [1, 0, 2]);
  return operations.cast(heads, ElementType.float32);
}

/** (N, T, D) each → (T, ΣN·D) of the short format */
export function mergeHeads(
  operations: NativeOperations,
  parts: readonly TensorHandle[],
  short: ElementType,
): TensorHandle {
  const heads = operations.joined(
    parts.map((part) => operations.cast(part, short)),
    0,
  );
  const [N, T, D] = heads.shape as [number, number, number];
  return operations.reshape(T === 1 ? heads : operations.transpose(heads, [1, 0, 2]), [T, N * D]);
}
