import { concat, slice, zeros } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import type { CompressedMatrix, TensorBackend } from '@claas/tensor-backend';
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
): CompressedMatrix {
  if (rows.length === 1) return linearForward(backend, x, group, rows[0]!.lora?.[name] ?? null).y;
  const frozen = linearOutput(backend, x, null, group, null);
  if (rows.every(({ lora }) => (lora?.[name] ?? null) === null)) return frozen;
  const wide = backend.restore(x);
  let from = 0;
  const updates = rows.map(({ lora, count }) => {
    const part = slice(wide, [from, 0], [count, wide.shape[1]]);
    from += count;
    return loraUpdate(backend, part, lora?.[name] ?? null, group.matrix.rows);
  });
  return backend.sum(frozen, backend.compress(concat(updates, 0)));
}

/** (x·down)·up, zeros without LoRA — x (N, I) → (N, O) */
function loraUpdate(backend: TensorBackend, x: Tensor2D, lora: PackedLora | null, outputs: number): Tensor2D {
  if (lora === null) return zeros<Rank.R2>([x.shape[0], outputs]);
  return backend.restore(backend.product(backend.product(backend.compress(x), lora.down), lora.up));
}
