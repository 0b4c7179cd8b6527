import type { NativeOperations } from './native-operations.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';

/*
 * Query heads that read the same key/value head lie next to each other, so q (H, T, D) is (G, M, D) with M = H/G · T,
 * and one batched product serves all heads. Scores and softmax are float32; the other products have operands of the short format.
 * Keys after the last query's position are cut off before anything is computed; L = offset + T keys remain.
 */

export interface AttentionHandles {
  /** (H, T, D) float32 */
  readonly output: TensorHandle;
  /** (H·T, L), of the short format */
  readonly probabilities: TensorHandle;
}

/** q (H, T, D), k and v (G, S, D), mask (T, L) or null where every key is seen */
export function attention(
  operations: NativeOperations,
  q: TensorHandle,
  k: TensorHandle,
  v: TensorHandle,
  keys: number,
  mask: TensorHandle | null,
  short: ElementType,
): AttentionHandles {
  const [H, T, D] = q.shape as [number, number, number];
  const G = k.shape[0]!;
  const M = (H / G) * T;
  const scaled = operations.scale(operations.reshape(q, [G, M, D]), 1 / Math.sqrt(D));
  const scores = operations.batchMatMul(scaled, firstKeys(operations, k, keys), { right: true });
  const ofHeads = operations.reshape(scores, [H, T, keys]);
  const softmax = operations.unary('Softmax', mask === null ? ofHeads : operations.add(ofHeads, mask));
  const probabilities = operations.cast(softmax, short);
  const values = operations.cast(firstKeys(operations, v, keys), short);
  const output = operations.batchMatMul(operations.reshape(probabilities, [G, M, keys]), values);
  return {
    output: operations.reshape(operations.cast(output, ElementType.float32), [H, T, D]),
    probabilities: operations.reshape(probabilities, [H * T, keys]),
  };
}

export interface AttentionGradientHandles {
  readonly dq: TensorHandle;
  readonly dk: TensorHandle;
  readonly dv: TensorHandle;
}

/**
 * With P the probabilities and dP = dO·Vᵀ: dV = Pᵀ·dO, dScores = P ⊙ (dP − rowsum(dP ⊙ P)),
 * dQ = dScores·K/√D, dK = dScoresᵀ·Q/√D. Keys that were cut off get zero gradients.
 */
export function attentionBackward(
  operations: NativeOperations,
  dOutput: TensorHandle,
  q: TensorHandle,
  k: TensorHandle,
  v: TensorHandle,
  probabilities: TensorHandle,
  short: ElementType,
): AttentionGradientHandles {
  const [H, T, D] = q.shape as [number, number, number];
  const [G, S] = k.shape as [number, number];
  const M = (H / G) * T;
  const keys = probabilities.shape[1]!;
  const { float32 } = ElementType;
  const dO = operations.cast(operations.reshape(dOutput, [G, M, D]), short);
  const P = operations.reshape(probabilities, [G, M, keys]);
  const values = operations.cast(firstKeys(operations, v, keys), short);
  const dP = operations.cast(operations.batchMatMul(dO, values, { right: true }), float32);
  const wideP = operations.cast(P, float32);
  const along = operations.reduceLast('Sum', operations.mul(dP, wideP));
  const dScores = operations.scale(operations.mul(wideP, operations.sub(dP, along)), 1 / Math.sqrt(D));
  const dShort = operations.cast(dScores, short);
  const dq = operations.batchMatMul(dShort, operations.cast(firstKeys(operations, k, keys), short));
  const queries = operations.cast(operations.reshape(q, [G, M, D]), short);
  const dk = operations.batchMatMul(dShort, queries, { left: true });
  const dv = operations.batchMatMul(P, dO, { left: true });
  return {
    dq: operations.reshape(operations.cast(dq, float32), [H, T, D]),
    dk: padKeys(operations, operations.cast(dk, float32), S),
    dv: padKeys(operations, operations.cast(dv, float32), S),
  };
}

/** (G, S, D) → (G, L, D) */
function firstKeys(operations: NativeOperations, x: TensorHandle, keys: number): TensorHandle {
  const [G, S, D] = x.shape as [number, number, number];
  return S === keys ? x : operations.slice(x, [0, 0, 0], [G, keys, D]);
}

/** (G, L, D) → (G, S, D); always a new handle */
function padKeys(operations: NativeOperations, x: TensorHandle, S: number): TensorHandle {
  const [G, keys, D] = x.shape as [number, number, number];
  if (S === keys) return x;
  const zeros = operations.create([G, S - keys, D], ElementType.float32, new Float32Array(G * (S - keys) * D));
  return operations.concat([x, zeros], 1);
}
