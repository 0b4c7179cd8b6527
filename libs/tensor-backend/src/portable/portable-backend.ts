import { add, concat, getBackend, pad, reshape, slice, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { TensorBackend } from '../tensor-backend.js';
import type {
  AttentionForward,
  AttentionGradients,
  CompressedMatrix,
  FrozenMatrix,
  KeyValues,
  Matrix,
  RmsNormForward,
  RowRange,
  SwigluBackward,
  TensorBackendDescription,
  WeightBytes,
} from '../tensor-backend.js';
import { attention, attentionBackward, attentionOutput } from './attention.js';
import { CausalMasks } from './causal-mask.js';
import { frozenProduct, frozenProductBackward, frozenRows, PortableFrozenMatrix } from './frozen-matrix.js';
import { mergeHeads, splitHeads } from './heads.js';
import { logSoftmax } from './log-softmax.js';
import { product, productTransposedLeft, productTransposedRight } from './products.js';
import { rmsNorm, rmsNormBackward } from './rms-norm.js';
import { rotate, rotateBackward } from './rotary.js';
import { swiglu, swigluBackward } from './swiglu.js';

/** Plain tfjs operations on whichever tfjs backend is active; arranged for what the wasm one does fast. See TensorBackend. */
export class PortableBackend extends TensorBackend {
  override readonly description: TensorBackendDescription;
  private readonly masks = new CausalMasks();

  /** `note`: why a faster backend is not used; null when none was passed over. */
  constructor(note: string | null) {
    super();
    this.description = { name: getBackend(), frozenFormat: 'F32', note };
  }

  override frozenMatrix(weights: readonly WeightBytes[]): FrozenMatrix {
    return PortableFrozenMatrix.fromWeights(weights);
  }

  override frozenProduct<M extends Matrix>(x: M, matrix: FrozenMatrix): M {
    return matrixOf(frozenProduct(plain(x), ownMatrix(matrix)));
  }

  override frozenProductBackward<M extends Matrix>(dy: M, matrix: FrozenMatrix): M {
    return matrixOf(frozenProductBackward(plain(dy), ownMatrix(matrix)));
  }

  override frozenRows(matrix: FrozenMatrix, rows: Int32Array): Tensor2D {
    return frozenRows(ownMatrix(matrix), rows);
  }

  override compress(x: Tensor2D): CompressedMatrix {
    return matrixOf(x.clone());
  }

  override restore(x: CompressedMatrix, rows?: RowRange): Tensor2D {
    const tensor = plain(x);
    return rows === undefined ? tensor.clone() : slice(tensor, [rows.from, 0], [rows.count, tensor.shape[1]]);
  }

  override concatRows(parts: readonly CompressedMatrix[]): CompressedMatrix {
    return matrixOf(concat(parts.map(plain), 0));
  }

  override product<M extends Matrix>(a: M, b: M): M {
    return matrixOf(product(plain(a), plain(b)));
  }

  override productTransposedRight<M extends Matrix>(a: M, b: M): M {
    return matrixOf(productTransposedRight(plain(a), plain(b)));
  }

  override productTransposedLeft<M extends Matrix>(a: M, b: M): M {
    return matrixOf(productTransposedLeft(plain(a), plain(b)));
  }

  override sum<M extends Matrix>(a: M, b: M): M {
    return matrixOf(add<Tensor2D>(plain(a), plain(b)));
  }

  override rmsNorm(x: Tensor2D, weight: Tensor1D | null, epsilon: number): RmsNormForward {
    return rmsNorm(x, weight, epsilon);
  }

  override rmsNormBackward(dy: Tensor2D, x: Tensor2D, weight: Tensor1D | null, inverseRms: Tensor2D): Tensor2D {
    return rmsNormBackward(dy, x, weight, inverseRms);
  }

  override splitHeads(rows: Matrix, D: number): Tensor3D {
    return splitHeads(plain(rows), D);
  }

  override mergeHeads(parts: readonly Tensor3D[]): CompressedMatrix {
    return matrixOf(mergeHeads(parts));
  }

  override rotate(x: Tensor3D, cos: Tensor2D, sin: Tensor2D): Tensor3D {
    return rotate(x, cos, sin);
  }

  override rotateBackward(dy: Tensor3D, cos: Tensor2D, sin: Tensor2D): Tensor3D {
    return rotateBackward(dy, cos, sin);
  }

  override attention(q: Tensor3D, k: Tensor3D, v: Tensor3D, offset: number): AttentionForward {
    const T = q.shape[1];
    // A single query sees every key that remains, so it needs no mask.
    const { output, saved } = attention(q, k, v, offset, T === 1 ? null : this.masks.get(T, offset));
    return { output: matrixOf(output), saved };
  }

  override attentionOfOne(q: Tensor3D, pieces: readonly KeyValues[], endMask: Tensor2D | null): Tensor3D {
    if (q.shape[1] !== 1) throw new RangeError(`${q.shape[1]} query positions where there may be one.`);
    return tidy(() => {
      const joined = (parts: Tensor3D[]): Tensor3D => (parts.length === 1 ? parts[0]! : concat(parts, 1));
      const [k, v] = [joined(pieces.map((piece) => piece.k)), joined(pieces.map((piece) => piece.v))];
      const S = k.shape[1];
      const mask =
        endMask === null
          ? null
          : pad(endMask, [
              [0, 0],
              [S - endMask.shape[1], 0],
            ]);
      return reshape<Rank.R3>(attention(q, k, v, S - 1, mask).output, q.shape);
    });
  }

  override attentionOutput(heads: number, v: Tensor3D, saved: readonly Matrix[]): CompressedMatrix {
    return matrixOf(attentionOutput(heads, v, saved.map(plain)));
  }

  override attentionBackward(
    dOutput: CompressedMatrix,
    q: Tensor3D,
    k: Tensor3D,
    v: Tensor3D,
    saved: readonly Matrix[],
  ): AttentionGradients {
    return attentionBackward(plain(dOutput), q, k, v, saved.map(plain));
  }

  override swiglu<M extends Matrix>(gateUp: M): M {
    return matrixOf(swiglu(plain(gateUp)));
  }

  override swigluBackward<M extends Matrix>(dy: M, gateUp: M): SwigluBackward<M> {
    const { dGateUp, activated } = swigluBackward(plain(dy), plain(gateUp));
    return { dGateUp: matrixOf(dGateUp), activated: matrixOf(activated) };
  }

  override logSoftmax(logits: Tensor2D): Tensor2D {
    return logSoftmax(logits);
  }
}

function ownMatrix(matrix: FrozenMatrix): PortableFrozenMatrix {
  if (matrix instanceof PortableFrozenMatrix) return matrix;
  throw new TypeError('This frozen matrix was made by another tensor backend; make it with the one that uses it.');
}

/** Compressed matrices are plain tensors here, and nothing is shorter. */
function plain(matrix: Matrix): Tensor2D {
  return matrix as Tensor2D;
}

function matrixOf<M extends Matrix>(tensor: Tensor2D): M {
  return tensor as Matrix as M;
}
