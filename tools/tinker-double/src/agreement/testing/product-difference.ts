import type { AdapterTensors } from '@claas/core-model';

/** ‖Δ(B·A)‖ between two versions of an adapter, over all modules; each product is made, since the models here are small. */
export function productDifference(one: AdapterTensors, other: AdapterTensors): number {
  let squared = 0;
  for (const [key, { part, shape }] of one.tensors) {
    if (part !== 'A') continue;
    const [R, I] = shape;
    const keyOfB = key.replace('.lora_A.', '.lora_B.');
    const O = one.tensors.get(keyOfB)!.shape[0];
    const [A, B] = [one.tensors.get(key)!.data, one.tensors.get(keyOfB)!.data];
    const [A2, B2] = [other.tensors.get(key)!.data, other.tensors.get(keyOfB)!.data];
    for (let o = 0; o < O; o++) {
      for (let i = 0; i < I; i++) {
        let d = 0;
        for (let r = 0; r < R; r++) d += B[o * R + r]! * A[r * I + i]! - B2[o * R + r]! * A2[r * I + i]!;
        squared += d * d;
      }
    }
  }
  return Math.sqrt(squared);
}
