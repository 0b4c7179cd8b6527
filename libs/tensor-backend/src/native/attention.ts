import type { NativeOperations } from './native-operations.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';

/*
 * Query heads that read the same key/value head lie next to each other, so q (H, T, D) is (G, M, D) with M = H/G · T,
 * and one batched product serves all heads. Scores and softmax are float32; the other products have operands of the short format.
 *
 * Queries go in blocks: a block needs only the keys up to its own end, which saves up to half of the work, and no more scores than one block's
 * are in memory as float32.
 */

/** Queries per block: larger ones waste masked scores, smaller ones the speed of large products. */
const BLOCK = 128;
const LARGE_BLOCK = 256;
const LONG = 512;

/** Some consecutive queries, and the keys from 0 on that they may see. */
export interface QueryBlock {
  readonly from: number;
  readonly count: number;
  readonly keys: number;
}

/** T queries of which the first one stands at position `offset`. */
export function queryBlocks(T: number, offset: number): QueryBlock[] {
  const size = T > LONG ? LARGE_BLOCK : BLOCK;
  return Array.from({ length: Math.ceil(T / size) }, (_, i) => {
    const from = i * size;
    const count = Math.min(size, T - from);
    return { from, count, keys: offset + from + count };
  });
}

export interface AttentionHandles {
  /** (T, H·D), of the short format */
  readonly output: TensorHandle;
  /** Of each block, (H·count, keys), of the short format */
  readonly probabilities: readonly TensorHandle[];
}

/** q (H, T, D), k and v (G, S, D); `maskOf` a block, asked for just before it is used: (count, keys), or null where every key is seen */
export function attention(
  operations: NativeOperations,
  q: TensorHandle,
  k: TensorHandle,
  v: TensorHandle,
  blocks: readonly QueryBlock[],
  maskOf: (block: QueryBlock) => TensorHandle | null,
  short: ElementType,
): AttentionHandles {
  const [H, , D] = q.shape as [number, number, number];
  const G = k.shape[0]!;
  const scaled = operations.scale(q, 1 / Math.sqrt(D));
  const values = operations.cast(v, short);
  const probabilities: TensorHandle[] = [];
  const outputs = blocks.map((block) => {
    const { count, keys } = block;
    const M = (H / G) * count;
    const queries = operations.reshape(queriesOf(operations, scaled, block), [G, M, D]);
    const scores = operations.batchMatMul(queries, firstKeys(operations, k, keys), { right: true });
    const ofHeads = operations.reshape(scores, [H, count, keys]);
    const mask = maskOf(block);
    const softmax = operations.unary('Softmax', mask === null ? ofHeads : operations.add(ofHeads, mask));
    const P = operations.reshape(operations.cast(softmax, short), [H * count, keys]);
    probabilities.push(P);
    return blockOutput(operations, H, P, values);
  });
  return { output: operations.joined(outputs, 0), probabilities };
}

/** The output of `attention` from its probabilities — v (G, S, D) → (T, H·D) */
export function attentionOutput(
  operations: NativeOperations,
  H: number,
  v: TensorHandle,
  probabilities: readonly TensorHandle[],
  short: ElementType,
): TensorHandle {
  const values = operations.cast(v, short);
  return operations.joined(
    probabilities.map((P) => blockOutput(operations, H, P, values)),
    0,
  );
}

/** P (H·count, keys), values (G, S, D) → (count, H·D) */
function blockOutput(operations: NativeOperations, H: number, P: TensorHandle, values: TensorHandle): TensorHandle {
  const [rows, keys] = P.shape as [number, number];
  const [G, , D] = values.shape as [number, number, number];
  const ofGroups = operations.reshape(P, [G, rows / G, keys]);
  const output = operations.batchMatMul(ofGroups, firstKeys(operations, values, keys));
  const sideBySide = operations.transpose(operations.reshape(output, [H, rows / H, D]), [1, 0, 2]);
  return operations.reshape(sideBySide, [rows / H, H * D]);
}

export interface AttentionGradientHandles {
  readonly dq: TensorHandle;
  readonly dk: TensorHandle;
  readonly dv: TensorHandle;
}

/**
 * With P the probabilities and dP = dO·Vᵀ: dV = Pᵀ·dO, dScores = P ⊙ (dP − rowsum(dP ⊙ P)),
 * dQ = dScores·K/√D, dK = dScoresᵀ·Q/√D. Keys that no query saw get zero gradients.
 */
export function attentionBackward(
  operations: NativeOperations,
  dOutput: TensorHandle,
  q: TensorHandle,
  k: TensorHandle,
  v: TensorHandle,
  probabilities: readonly TensorHandle[],
  short: ElementType,
): AttentionGradientHandles {
  const [H, T, D] = q.shape as [number, number, number];
  const [G, S] = k.shape as [number, number];
  const { float32 } = ElementType;
  const queries = operations.cast(q, short);
  const [allKeys, values] = [operations.cast(k, short), operations.cast(v, short)];
  const lastKeys = probabilities.at(-1)!.shape[1]!;
  const dqs: TensorHandle[] = [];
  let dk: TensorHandle | null = null;
  let dv: TensorHandle | null = null;
  for (const [i, block] of queryBlocks(T, lastKeys - T).entries()) {
    const { count, keys } = block;
    const M = (H / G) * count;
    const P = operations.reshape(probabilities[i]!, [G, M, keys]);
    const rows = count === T ? dOutput : operations.slice(dOutput, [block.from, 0], [count, H * D]);
    const dOHeads = operations.transpose(operations.reshape(rows, [count, H, D]), [1, 0, 2]);
    const dOBlock = operations.reshape(dOHeads, [G, M, D]);
    const dP = operations.cast(
      operations.batchMatMul(dOBlock, firstKeys(operations, values, keys), { right: true }),
      float32,
    );
    const wideP = operations.cast(P, float32);
    const along = operations.reduceLast('Sum', operations.mul(dP, wideP));
    const dScores = operations.cast(operations.mul(wideP, operations.sub(dP, along)), short);
    const dq = operations.batchMatMul(dScores, firstKeys(operations, allKeys, keys));
    dqs.push(operations.reshape(dq, [H, count, D]));
    const queriesBlock = operations.reshape(queriesOf(operations, queries, block), [G, M, D]);
    const dkBlock = operations.cast(operations.batchMatMul(dScores, queriesBlock, { left: true }), float32);
    const dvBlock = operations.cast(operations.batchMatMul(P, dOBlock, { left: true }), float32);
    dk = extendedSum(operations, dk, dkBlock);
    dv = extendedSum(operations, dv, dvBlock);
  }
  const factor = 1 / Math.sqrt(D);
  return {
    dq: operations.scale(operations.cast(operations.joined(dqs, 1), float32), factor),
    dk: padKeys(operations, operations.scale(dk!, factor), S),
    dv: padKeys(operations, dv!, S),
  };
}

/** (H, T, D) → (H, count, D) */
function queriesOf(operations: NativeOperations, x: TensorHandle, { from, count }: QueryBlock): TensorHandle {
  const [H, T, D] = x.shape as [number, number, number];
  return count === T ? x : operations.slice(x, [0, from, 0], [H, count, D]);
}

/** (G, S, D) → (G, keys, D) */
function firstKeys(operations: NativeOperations, x: TensorHandle, keys: number): TensorHandle {
  const [G, S, D] = x.shape as [number, number, number];
  return S === keys ? x : operations.slice(x, [0, 0, 0], [G, keys, D]);
}

/** The sum of gradients over keys, where later blocks saw more of them */
function extendedSum(operations: NativeOperations, sum: TensorHandle | null, next: TensorHandle): TensorHandle {
  return sum === null ? next : operations.add(padKeys(operations, sum, next.shape[1]!), next);
}

/** Zeros for the keys after the last — (G, keys, D) → (G, S, D) */
function padKeys(operations: NativeOperations, x: TensorHandle, S: number): TensorHandle {
  const keys = x.shape[1]!;
  return S === keys ? x : operations.padEnd(x, 1, S - keys);
}
