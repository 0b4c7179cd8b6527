import type { NativeOperations } from './native-operations.js';
import type { TensorHandle } from './tensorflow-binding.js';

interface PieceHandles {
  readonly k: TensorHandle;
  readonly v: TensorHandle;
}

/**
 * Attention of one query position, in float32: reading keys and values is all the work, and rounding them first would read them twice.
 * The library keeps something for every shape that it multiplies, so pieces whose lengths repeat are quicker than one that grows.
 * q (H, 1, D), k and v (G, S, D) each, endMask (1, S) of the last or null → (H, 1, D)
 */
export function attentionOfOne(
  operations: NativeOperations,
  q: TensorHandle,
  pieces: readonly PieceHandles[],
  endMask: TensorHandle | null,
): TensorHandle {
  const [H, , D] = q.shape as [number, number, number];
  const G = pieces[0]!.k.shape[0]!;
  const M = H / G;
  const scaled = operations.scale(operations.reshape(q, [G, M, D]), 1 / Math.sqrt(D));
  const scores = pieces.map(({ k }, i) => {
    const ofPiece = operations.batchMatMul(scaled, k, { right: true });
    return endMask !== null && i === pieces.length - 1 ? operations.add(ofPiece, endMask) : ofPiece;
  });
  const probabilities = operations.unary('Softmax', scores.length === 1 ? scores[0]! : operations.concat(scores, 2));
  let from = 0;
  const sums = pieces.map(({ v }) => {
    const S = v.shape[1]!;
    const ofPiece = pieces.length === 1 ? probabilities : operations.slice(probabilities, [0, 0, from], [G, M, S]);
    from += S;
    return operations.batchMatMul(ofPiece, v);
  });
  return operations.reshape(
    sums.reduce((sum, part) => operations.add(sum, part)),
    [H, 1, D],
  );
}
