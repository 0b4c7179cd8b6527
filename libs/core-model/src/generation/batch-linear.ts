import { add, concat, zeros } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import type { CompressedMatrix, RowRange, TensorBackend } from '@claas/tensor-backend';
import type { LayerLora, LinearGroupName } from '../model/layer-pass.js';
import { linearForward, linearOutput } from '../model/linear-group.js';
import type { LinearGroup, PackedLora } from '../model/linear-group.js';

/** Consecutive rows that have the same LoRA weights. */
export interface LoraRows {
  /** Null: the base model. */
  readonly lora: LayerLora | null;
  readonly count: number;
}

/** A group's linear modules over rows of several adapters: one frozen product for all, LoRA for each adapter — x (N, I) → (N, O) */
export function batchLinear(
  backend: TensorBackend,
  x: CompressedMatrix,
  name: LinearGroupName,
  group: LinearGroup,
  rows: readonly LoraRows[],
): Tensor2D {
  if (rows.length === 1) return linearForward(backend, x, group, rows[0]!.lora?.[name] ?? null).y;
  const frozen = linearOutput(backend, x, null, group, null);
  if (rows.every(({ lora }) => (lora?.[name] ?? null) === null)) return frozen;
  let from = 0;
  const updates = rows.map(({ lora, count }) => {
    const range = { from, count };
    from += count;
    return loraUpdate(backend, x, range, lora?.[name] ?? null, group.matrix.rows);
  });
  return add(frozen, concat(updates, 0));
}

/** (x·downᵀ)·upᵀ of some rows, zeros without LoRA — x (N, I) → (count, O) */
function loraUpdate(
  backend: TensorBackend,
  x: CompressedMatrix,
  range: RowRange,
  lora: PackedLora | null,
  outputs: number,
): Tensor2D {
  if (lora === null) return zeros<Rank.R2>([range.count, outputs]);
  const reduced = backend.productTransposedRight(backend.compress(backend.restore(x, range)), lora.down);
  return backend.restore(backend.productTransposedRight(reduced, lora.up));
}
