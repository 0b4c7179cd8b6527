import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { TensorBackend } from '../tensor-backend.js';
import type {
  AdamWKernel,
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
import { attention, attentionBackward, attentionOutput, queryBlocks } from './attention.js';
import type { QueryBlock } from './attention.js';
import { attentionOfOne } from './attention-of-one.js';
import { causalMask } from './causal-mask.js';
import { CompiledGraphs } from './graph/compiled-graphs.js';
import { mergeHeads, splitHeads } from './heads.js';
import { NativeAdamW } from './native-adamw.js';
import { NativeFrozenMatrix } from './native-frozen-matrix.js';
import type { NativeOperations } from './native-operations.js';
import { rmsNorm, rmsNormBackward } from './rms-norm.js';
import { rotate, rotateBackward } from './rotary.js';
import { swiglu, swigluBackward } from './swiglu.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';

/** What frozen weights and compressed matrices are kept in. */
export type ShortFormat = 'BF16' | 'F32';

const SHORT_TYPES: Readonly<Record<ShortFormat, ElementType>> = {
  BF16: ElementType.bfloat16,
  F32: ElementType.float32,
};

/** TensorFlow's operations on this machine's processor or GPU. Products with frozen weights run in `shortFormat`. See TensorBackend. */
export class NativeBackend extends TensorBackend {
  override readonly description: TensorBackendDescription;
  override readonly adamW: AdamWKernel;
  private readonly short: ElementType;
  /** Null on a GPU: what goes into a graph and comes out of it passes through the machine's own memory. */
  private readonly graphs: CompiledGraphs | null;

  constructor(
    private readonly operations: NativeOperations,
    shortFormat: ShortFormat,
    note: string | null,
  ) {
    super();
    this.adamW = new NativeAdamW(operations);
    this.short = SHORT_TYPES[shortFormat];
    const { binding } = operations;
    this.graphs = binding.isUsingGpuDevice() ? null : new CompiledGraphs(binding, operations);
    this.description = { name: 'tensorflow', frozenFormat: shortFormat, note };
  }

  override compiled<I, O>(name: string, inputs: I, work: (inputs: I) => O): O {
    return this.graphs === null ? work(inputs) : this.graphs.run(name, inputs, work);
  }

  override frozenMatrix(weights: readonly WeightBytes[]): FrozenMatrix {
    return NativeFrozenMatrix.fromWeights(this.operations, weights, this.short);
  }

  override frozenProduct<M extends Matrix>(x: M, matrix: FrozenMatrix): M {
    return this.withFrozen(x, matrix, (handle, W) => this.operations.matMul(handle, W, { right: true }));
  }

  override frozenProductBackward<M extends Matrix>(dy: M, matrix: FrozenMatrix): M {
    return this.withFrozen(dy, matrix, (handle, W) => this.operations.matMul(handle, W));
  }

  override frozenRows(matrix: FrozenMatrix, rows: Int32Array): Tensor2D {
    const { handle, rows: O } = ownMatrix(matrix);
    for (const row of rows) if (row < 0 || row >= O) throw new RangeError(`Row ${row} of a matrix with ${O} rows.`);
    const { operations } = this;
    return operations.tensor(() => {
      const indices = operations.create([rows.length], ElementType.int32, rows.slice());
      return operations.cast(operations.gatherRows(handle, indices), ElementType.float32);
    });
  }

  override compress(x: Tensor2D): CompressedMatrix {
    if (this.short === ElementType.float32) return x.clone() as unknown as CompressedMatrix;
    return this.operations.tensor(() => this.operations.cast(this.of(x), this.short)) as unknown as CompressedMatrix;
  }

  override restore(x: CompressedMatrix, rows?: RowRange): Tensor2D {
    const { operations } = this;
    const all = this.of(x);
    if (rows !== undefined) {
      const size = [rows.count, x.shape[1]];
      return operations.tensor(() => operations.cast(operations.slice(all, [rows.from, 0], size), ElementType.float32));
    }
    if (this.short === ElementType.float32) return (x as Matrix as Tensor2D).clone();
    return operations.tensor(() => operations.cast(all, ElementType.float32));
  }

  override concatRows(parts: readonly CompressedMatrix[]): CompressedMatrix {
    // TensorFlow refuses to join a single tensor.
    if (parts.length === 1) return (parts[0] as Matrix as Tensor2D).clone() as Matrix as CompressedMatrix;
    const handles = parts.map((part) => this.of(part));
    return this.matrix(() => this.operations.concat(handles, 0));
  }

  override product<M extends Matrix>(a: M, b: M): M {
    return this.matrix(() => this.operations.matMul(this.of(a), this.of(b)));
  }

  override productTransposedRight<M extends Matrix>(a: M, b: M): M {
    return this.matrix(() => this.operations.matMul(this.of(a), this.of(b), { right: true }));
  }

  override productTransposedLeft<M extends Matrix>(a: M, b: M): M {
    return this.matrix(() => this.operations.matMul(this.of(a), this.of(b), { left: true }));
  }

  override sum<M extends Matrix>(a: M, b: M): M {
    return this.matrix(() => this.operations.add(this.of(a), this.of(b)));
  }

  override rmsNorm(x: Tensor2D, weight: Tensor1D | null, epsilon: number): RmsNormForward {
    return this.operations.tensors(() =>
      rmsNorm(this.operations, this.of(x), weight && this.of(weight), epsilon),
    ) as unknown as RmsNormForward;
  }

  override rmsNormBackward(dy: Tensor2D, x: Tensor2D, weight: Tensor1D | null, inverseRms: Tensor2D): Tensor2D {
    return this.operations.tensor(() =>
      rmsNormBackward(this.operations, this.of(dy), this.of(x), weight && this.of(weight), this.of(inverseRms)),
    );
  }

  override splitHeads(rows: Matrix, D: number): Tensor3D {
    return this.operations.tensor(() => splitHeads(this.operations, this.of(rows), D));
  }

  override mergeHeads(parts: readonly Tensor3D[]): CompressedMatrix {
    const handles = parts.map((part) => this.of(part));
    return this.matrix(() => mergeHeads(this.operations, handles, this.short));
  }

  override rotate(x: Tensor3D, cos: Tensor2D, sin: Tensor2D): Tensor3D {
    return this.operations.tensor(() => rotate(this.operations, this.of(x), this.of(cos), this.of(sin)));
  }

  override rotateBackward(dy: Tensor3D, cos: Tensor2D, sin: Tensor2D): Tensor3D {
    return this.operations.tensor(() => rotateBackward(this.operations, this.of(dy), this.of(cos), this.of(sin)));
  }

  override attention(q: Tensor3D, k: Tensor3D, v: Tensor3D, offset: number): AttentionForward {
    const [H, T] = q.shape;
    const [G, S] = k.shape;
    const keys = offset + T;
    if (keys > S) throw new RangeError(`Attention over ${keys} positions with only ${S} keys.`);
    if (H % G !== 0) throw new RangeError(`${H} query heads can't share ${G} key/value heads evenly.`);
    const blocks = queryBlocks(T, offset);
    // A single query sees every key that remains, so decoding needs no mask.
    const maskOf = ({ from, count }: QueryBlock) =>
      count === 1 ? null : causalMask(this.operations, count, offset + from);
    const { output, ...saved } = this.operations.tensors(() => {
      const forward = attention(this.operations, this.of(q), this.of(k), this.of(v), blocks, maskOf, this.short);
      const probabilities = forward.probabilities.map((one, i) => [`probabilities${i}`, one] as const);
      return { output: forward.output, ...Object.fromEntries(probabilities) };
    });
    return { output: output as unknown as CompressedMatrix, saved: Object.values<Tensor>(saved) as Tensor2D[] };
  }

  override attentionOutput(heads: number, v: Tensor3D, saved: readonly Matrix[]): CompressedMatrix {
    const probabilities = saved.map((one) => this.of(one));
    return this.matrix(() => attentionOutput(this.operations, heads, this.of(v), probabilities, this.short));
  }

  override attentionOfOne(q: Tensor3D, pieces: readonly KeyValues[], endMask: Tensor2D | null): Tensor3D {
    if (q.shape[1] !== 1) throw new RangeError(`${q.shape[1]} query positions where there may be one.`);
    const handles = pieces.map(({ k, v }) => ({ k: this.of(k), v: this.of(v) }));
    return this.operations.tensor(() =>
      attentionOfOne(this.operations, this.of(q), handles, endMask && this.of(endMask)),
    );
  }

  override attentionBackward(
    dOutput: CompressedMatrix,
    q: Tensor3D,
    k: Tensor3D,
    v: Tensor3D,
    saved: readonly Matrix[],
  ): AttentionGradients {
    const probabilities = saved.map((one) => this.of(one));
    return this.operations.tensors(() => ({
      ...attentionBackward(
        this.operations,
        this.of(dOutput),
        this.of(q),
        this.of(k),
        this.of(v),
        probabilities,
        this.short,
      ),
    })) as unknown as AttentionGradients;
  }

  override swiglu<M extends Matrix>(gateUp: M): M {
    return this.matrix(() => swiglu(this.operations, this.of(gateUp)));
  }

  override swigluBackward<M extends Matrix>(dy: M, gateUp: M): SwigluBackward<M> {
    return this.operations.tensors(() => ({
      ...swigluBackward(this.operations, this.of(dy), this.of(gateUp)),
    })) as unknown as SwigluBackward<M>;
  }

  override logSoftmax(logits: Tensor2D): Tensor2D {
    return this.operations.tensor(() => this.operations.unary('LogSoftmax', this.of(logits)));
  }

  /** A product in the short format; its result has the type of the operand. */
  private withFrozen<M extends Matrix>(
    x: M,
    matrix: FrozenMatrix,
    multiply: (x: TensorHandle, W: TensorHandle) => TensorHandle,
  ): M {
    const { handle: W } = ownMatrix(matrix);
    return this.matrix(() => {
      const operand = this.of(x);
      const result = multiply(this.operations.cast(operand, this.short), W);
      return this.operations.cast(result, operand.dtype as ElementType);
    });
  }

  private matrix<M extends Matrix>(work: () => TensorHandle): M {
    return this.operations.tensor(work) as unknown as M;
  }

  private of(tensor: Matrix | Tensor1D | Tensor3D): TensorHandle {
    return this.operations.of(tensor as Tensor2D);
  }
}

function ownMatrix(matrix: FrozenMatrix): NativeFrozenMatrix {
  if (matrix instanceof NativeFrozenMatrix) return matrix;
  throw new TypeError('This frozen matrix was made by another tensor backend; make it with the one that uses it.');
}
