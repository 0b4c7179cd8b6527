import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

/** Number formats that weights have in files. */
export type WeightFormat = 'F32' | 'F16' | 'BF16';

/** One weight as it lies in a file: row-major bytes, little-endian. The bytes must stay untouched after they were handed over. */
export interface WeightBytes {
  readonly bytes: Uint8Array;
  readonly format: WeightFormat;
  /** (O, I) as in `y = x·Wᵀ`. */
  readonly shape: readonly [rows: number, columns: number];
}

/**
 * A weight that never changes, in whatever form the backend multiplies fastest.
 * Several weights with the same input may be stacked by rows, so that one product serves them all.
 */
export interface FrozenMatrix {
  /** Rows, O: the sum over the stacked weights. */
  readonly rows: number;
  /** Columns, I. */
  readonly columns: number;
  /** Sum of squares of all entries. */
  readonly squaredNorm: number;
  dispose(): void;
}

declare const COMPRESSED: unique symbol;

/**
 * A matrix in the form that the backend multiplies fastest and keeps in the least memory, made by `compress`: bfloat16 where that is native, else float32.
 * To tfjs it is a tensor that `tidy`, `keep` and `dispose` know; no tfjs operation can use it.
 */
export interface CompressedMatrix {
  readonly [COMPRESSED]: true;
  readonly shape: [rows: number, columns: number];
  readonly isDisposed: boolean;
  dispose(): void;
}

/** Operands of one product or sum are in the same form, and so is its result. */
export type Matrix = Tensor2D | CompressedMatrix;

export interface RowRange {
  readonly from: number;
  readonly count: number;
}

export interface RmsNormForward {
  /** (N, C) */
  readonly y: Tensor2D;
  /** (N, 1): 1 / sqrt(mean(x²) + eps), for the backward pass. */
  readonly inverseRms: Tensor2D;
}

export interface AttentionForward {
  /** (T, H·D), the heads side by side: what the next product wants. */
  readonly output: CompressedMatrix;
  /** Softmax of the scaled and masked scores, opaque: what `attentionBackward` of the same backend wants. */
  readonly saved: readonly Matrix[];
}

/** Keys and values of consecutive positions. */
export interface KeyValues {
  /** (G, S, D) */
  readonly k: Tensor3D;
  /** (G, S, D) */
  readonly v: Tensor3D;
}

export interface AttentionGradients {
  /** (H, T, D) */
  readonly dq: Tensor3D;
  /** (G, S, D) */
  readonly dk: Tensor3D;
  /** (G, S, D) */
  readonly dv: Tensor3D;
}

export interface SwigluBackward<M extends Matrix> {
  /** (N, 2·I) */
  readonly dGateUp: M;
  /** (N, I): what `swiglu` gave, so that nobody has to keep it. */
  readonly activated: M;
}

/** Of one AdamW step: the settings, and what depends on how many steps there were. */
export interface AdamWCoefficients {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** This step's number, from 1. */
  readonly step: number;
  /** What the gradient is multiplied with first: clipping. */
  readonly gradientScale: number;
}

export interface AdamWTensors<T extends Tensor = Tensor> {
  readonly parameter: T;
  readonly expAvg: T;
  readonly expAvgSq: T;
}

/** The optimizer's arithmetic on one tensor. */
export interface AdamWKernel {
  /** Σ x² */
  squaredNorm(x: Tensor): number;
  /**
   * One step; the results are new tensors, the arguments stay as they are.
   * @param takesMoments they may be disposed of, which saves copying them
   */
  update<T extends Tensor>(
    tensors: AdamWTensors<T>,
    gradient: T,
    coefficients: AdamWCoefficients,
    takesMoments: boolean,
  ): AdamWTensors<T>;
}

/** What a backend is, for `/v1/health` and logs. */
export interface TensorBackendDescription {
  /** `tensorflow` or `wasm`. */
  readonly name: string;
  /** In what frozen weights are kept and multiplied. */
  readonly frozenFormat: WeightFormat;
  /** Why a faster backend is not used; null when none was passed over. */
  readonly note: string | null;
}

/**
 * The operations that a decoder-only transformer with LoRA needs, each forward and, where training needs it, backward.
 *
 * Axes: N rows (positions), C channels, I and O in- and outputs, H query heads, G key/value heads (H a multiple of G),
 * T query positions, S key positions, D channels of a head. All tensors are float32 unless said.
 * Element-wise work that is equally good everywhere is done with tfjs ops by the caller and has no place here.
 *
 * Ownership: arguments stay the caller's; results are the caller's to dispose (or to leave to `tidy`).
 * No operation waits: results are ready to be used as arguments at once.
 */
export abstract class TensorBackend {
  abstract readonly description: TensorBackendDescription;
  /** The optimizer in one operation per tensor; null where plain tfjs operations are as good. */
  readonly adamW: AdamWKernel | null = null;

  /**
   * What `work` computes of `inputs`: plain objects and arrays of tensors, frozen matrices, and values that say how to compute, to any depth. A backend may
   * write the operations down and run them as one from then on, so `work` may depend on nothing else, wait for nothing, read no number back,
   * and leave its inputs alone. Its results are plain objects and arrays too.
   */
  compiled<I, O>(_name: string, inputs: I, work: (inputs: I) => O): O {
    return work(inputs);
  }

  /** Takes weights over from file bytes, stacked by rows in the given order; all have the same number of columns. */
  abstract frozenMatrix(weights: readonly WeightBytes[]): FrozenMatrix;
  /** x·Wᵀ — x (N, I), W (O, I) → (N, O) */
  abstract frozenProduct<M extends Matrix>(x: M, matrix: FrozenMatrix): M;
  /** The gradient with respect to x of `frozenProduct`: dy·W — dy (N, O) → (N, I) */
  abstract frozenProductBackward<M extends Matrix>(dy: M, matrix: FrozenMatrix): M;
  /** Rows of W by number, as the embedding of token ids — (N, I) */
  abstract frozenRows(matrix: FrozenMatrix, rows: Int32Array): Tensor2D;

  /** Rounded to the backend's short form; the result is new even where both forms are the same. */
  abstract compress(x: Tensor2D): CompressedMatrix;
  /** As float32; of some rows only where `rows` says so. */
  abstract restore(x: CompressedMatrix, rows?: RowRange): Tensor2D;
  /** One below the other, all of the same width. */
  abstract concatRows(parts: readonly CompressedMatrix[]): CompressedMatrix;

  /** a·b — (M, K)·(K, N) → (M, N) */
  abstract product<M extends Matrix>(a: M, b: M): M;
  /** a·bᵀ — (M, K)·(N, K)ᵀ → (M, N) */
  abstract productTransposedRight<M extends Matrix>(a: M, b: M): M;
  /** aᵀ·b — (K, M)ᵀ·(K, N) → (M, N) */
  abstract productTransposedLeft<M extends Matrix>(a: M, b: M): M;
  /** a + b — (M, N) each */
  abstract sum<M extends Matrix>(a: M, b: M): M;

  /** y = x · inverseRms · weight — x (N, C), weight (C), null for ones */
  abstract rmsNorm(x: Tensor2D, weight: Tensor1D | null, epsilon: number): RmsNormForward;
  /** dx of `rmsNorm`; the weight is frozen — dy, x (N, C), inverseRms (N, 1) → (N, C) */
  abstract rmsNormBackward(dy: Tensor2D, x: Tensor2D, weight: Tensor1D | null, inverseRms: Tensor2D): Tensor2D;

  /** Cuts rows into heads of D channels, in float32 — (T, N·D) → (N, T, D) */
  abstract splitHeads(rows: Matrix, D: number): Tensor3D;
  /** Heads of all parts side by side in the short form — (N, T, D) each → (T, ΣN·D) */
  abstract mergeHeads(parts: readonly Tensor3D[]): CompressedMatrix;

  /**
   * Rotary position embedding in the half-split layout of Hugging Face models: x·cos + rotateHalf(x)·sin.
   * x (H, T, D); cos, sin (T, D), both halves equal. The backward pass is the same with sin negated.
   */
  abstract rotate(x: Tensor3D, cos: Tensor2D, sin: Tensor2D): Tensor3D;
  /** dx of `rotate` — dy (H, T, D) → (H, T, D) */
  abstract rotateBackward(dy: Tensor3D, cos: Tensor2D, sin: Tensor2D): Tensor3D;

  /**
   * Causal grouped-query attention, scale 1/√D: query t sees keys 0 … offset + t, so keys past the sequence's end are never seen.
   * q (H, T, D), k and v (G, S, D); query head h reads key/value head ⌊h·G/H⌋; S ≥ offset + T.
   */
  abstract attention(q: Tensor3D, k: Tensor3D, v: Tensor3D, offset: number): AttentionForward;
  /**
   * Attention of one new position to everything before it and itself, forward only: what decoding needs. Keys and values may lie in pieces, so that
   * a cache grows without being copied. q (H, 1, D), at least one piece → (H, 1, D)
   * @param endMask (1, S): is added to the scores of the last piece, whose places need not all be filled; null: all of them are seen
   */
  abstract attentionOfOne(q: Tensor3D, pieces: readonly KeyValues[], endMask: Tensor2D | null): Tensor3D;
  /** The same output once more from what was saved, bit for bit — `heads` H, v (G, S, D) → (T, H·D) */
  abstract attentionOutput(heads: number, v: Tensor3D, saved: readonly Matrix[]): CompressedMatrix;
  /** dOutput (T, H·D); the other arguments as in the forward pass. */
  abstract attentionBackward(
    dOutput: CompressedMatrix,
    q: Tensor3D,
    k: Tensor3D,
    v: Tensor3D,
    saved: readonly Matrix[],
  ): AttentionGradients;

  /** silu(gate) · up, gate and up side by side — gateUp (N, 2·I) → (N, I) */
  abstract swiglu<M extends Matrix>(gateUp: M): M;
  /** Gradient of `swiglu`, and its result once more, which shares most of the work — dy (N, I), gateUp (N, 2·I) */
  abstract swigluBackward<M extends Matrix>(dy: M, gateUp: M): SwigluBackward<M>;

  /** x − logsumexp(x) over the last axis — (N, V) */
  abstract logSoftmax(logits: Tensor2D): Tensor2D;
}
