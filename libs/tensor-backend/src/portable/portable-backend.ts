import { getBackend } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { TensorBackend } from '../tensor-backend.js';
import type {
  AttentionForward,
  AttentionGradients,
  FrozenMatrix,
  RmsNormForward,
  TensorBackendDescription,
  WeightBytes,
} from '../tensor-backend.js';
import { attention, attentionBackward } from './attention.js';
import { CausalMasks } from './causal-mask.js';
import { frozenProduct, frozenProductBackward, frozenRows, PortableFrozenMatrix } from './frozen-matrix.js';
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

  override frozenProduct(x: Tensor2D, matrix: FrozenMatrix): Tensor2D {
    return frozenProduct(x, ownMatrix(matrix));
  }

  override frozenProductBackward(dy: Tensor2D, matrix: FrozenMatrix): Tensor2D {
    return frozenProductBackward(dy, ownMatrix(matrix));
  }

  override frozenRows(matrix: FrozenMatrix, rows: Int32Array): Tensor2D {
    return frozenRows(ownMatrix(matrix), rows);
  }

  override product(a: Tensor2D, b: Tensor2D): Tensor2D {
    return product(a, b);
  }

  override productTransposedRight(a: Tensor2D, b: Tensor2D): Tensor2D {
    return productTransposedRight(a, b);
  }

  override productTransposedLeft(a: Tensor2D, b: Tensor2D): Tensor2D {
    return productTransposedLeft(a, b);
  }

  override rmsNorm(x: Tensor2D, weight: Tensor1D, epsilon: number): RmsNormForward {
    return rmsNorm(x, weight, epsilon);
  }

  override rmsNormBackward(dy: Tensor2D, x: Tensor2D, weight: Tensor1D, inverseRms: Tensor2D): Tensor2D {
    return rmsNormBackward(dy, x, weight, inverseRms);
  }

  override rotate(x: Tensor3D, cos: Tensor2D, sin: Tensor2D): Tensor3D {
    return rotate(x, cos, sin);
  }

  override rotateBackward(dy: Tensor3D, cos: Tensor2D, sin: Tensor2D): Tensor3D {
    return rotateBackward(dy, cos, sin);
  }

  override attention(q: Tensor3D, k: Tensor3D, v: Tensor3D, offset: number): AttentionForward {
    return attention(q, k, v, offset, this.masks);
  }

  override attentionBackward(
    dOutput: Tensor3D,
    q: Tensor3D,
    k: Tensor3D,
    v: Tensor3D,
    saved: readonly Tensor2D[],
  ): AttentionGradients {
    return attentionBackward(dOutput, q, k, v, saved);
  }

  override swiglu(gate: Tensor2D, up: Tensor2D): Tensor2D {
    return swiglu(gate, up);
  }

  override swigluBackward(dy: Tensor2D, gate: Tensor2D, up: Tensor2D): { dGate: Tensor2D; dUp: Tensor2D } {
    return swigluBackward(dy, gate, up);
  }

  override logSoftmax(logits: Tensor2D): Tensor2D {
    return logSoftmax(logits);
  }
}

function ownMatrix(matrix: FrozenMatrix): PortableFrozenMatrix {
  if (matrix instanceof PortableFrozenMatrix) return matrix;
  throw new TypeError('This frozen matrix was made by another tensor backend; make it with the one that uses it.');
}
