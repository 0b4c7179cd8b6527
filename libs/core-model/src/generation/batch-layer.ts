import { add, mul, slice } from '@tensorflow/tfjs-core';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { CompressedMatrix, KeyValues, TensorBackend } from '@claas/tensor-backend';
import type { LayerPass, LinearGroupName } from '../model/layer-pass.js';
import { normForward } from '../model/norm.js';
import { rotatedHeadsForward } from '../model/rotated-heads.js';
import { batchLinear } from './batch-linear.js';
import type { LoraRows } from './batch-linear.js';
import type { CachePlace, LayerCache } from './key-value-cache.js';

/**
 * So many sequences go through a whole layer as one computation. Each combination of their caches' lengths is another one, which takes some 60 ms to
 * write down and happens every few tokens where there are many; of more sequences only the attentions depend on those lengths.
 */
const MOST_AT_ONE_STROKE = 4;

/** A layer and what it computes with, but for the sequences' own. */
export interface BatchLayer extends Pick<LayerPass, 'config' | 'layer' | 'rotary'> {
  /** In the order of the sequences. */
  readonly loraRows: readonly LoraRows[];
}

/** What one sequence has seen in this layer, and where its new position goes. */
export interface SequenceCache {
  readonly cache: LayerCache;
  readonly place: CachePlace;
}

export interface BatchLayerForward {
  /** (N, C) */
  readonly y: Tensor2D;
  /** Of each sequence's cache, with the new position. */
  readonly ends: readonly KeyValues[];
}

/**
 * One decoder layer over one new position of each of N sequences: everything but attention is done for all of them at once. Rotary tables (N, D): row n
 * is that of sequence n's new position. To be called under `tidy` — x (N, C)
 */
export function batchLayerForward(
  backend: TensorBackend,
  x: Tensor2D,
  layer: BatchLayer,
  sequences: readonly SequenceCache[],
): BatchLayerForward {
  if (sequences.length > MOST_AT_ONE_STROKE) return inParts(backend, x, layer, sequences);
  return backend.compiled('decoding', { x, layer, sequences }, (given) =>
    inParts(backend, given.x, given.layer, given.sequences),
  );
}

function inParts(
  backend: TensorBackend,
  x: Tensor2D,
  layer: BatchLayer,
  sequences: readonly SequenceCache[],
): BatchLayerForward {
  const heads = backend.compiled('decoding: heads', { x, layer }, (given) => headsOf(backend, given.x, given.layer));
  const attended = sequences.map((sequence, n) =>
    backend.compiled('decoding: attention', { heads: heads[n]!, sequence }, (given) =>
      attention(backend, given.heads, given.sequence),
    ),
  );
  const outputs = attended.map(({ output }) => output);
  const y = backend.compiled('decoding: after attention', { x, outputs, layer }, (given) =>
    afterAttention(backend, given.x, given.outputs, given.layer),
  );
  return { y, ends: attended.map(({ end }) => end) };
}

/** Of one sequence: q (H, 1, D), k and v (G, 1, D). */
interface SequenceHeads {
  readonly q: Tensor3D;
  readonly k: Tensor3D;
  readonly v: Tensor3D;
}

/** x (N, C) → by sequence */
function headsOf(backend: TensorBackend, x: Tensor2D, layer: BatchLayer): SequenceHeads[] {
  const pass = layerPass(backend, layer);
  const { q, k, v } = rotatedHeadsForward(
    linear(backend, normForward(x, layer.layer.inputNorm, pass).y, 'qkv', layer),
    pass,
  );
  return Array.from({ length: x.shape[0] }, (_, n) => ({ q: row(q, n), k: row(k, n), v: row(v, n) }));
}

/** One query over everything that its sequence has seen and itself — output (1, H·D) */
function attention(
  backend: TensorBackend,
  { q, k, v }: SequenceHeads,
  { cache: { body, end }, place }: SequenceCache,
): { readonly output: CompressedMatrix; readonly end: KeyValues } {
  const withNew = (before: Tensor3D, one: Tensor3D): Tensor3D => add(before, mul(place.isHere, one));
  const grown = { k: withNew(end.k, k), v: withNew(end.v, v) };
  const output = backend.attentionOfOne(q, body ? [body, grown] : [grown], place.mask);
  return { output: backend.mergeHeads([output]), end: grown };
}

/** x (N, C), outputs (1, H·D) each → (N, C) */
function afterAttention(
  backend: TensorBackend,
  x: Tensor2D,
  outputs: readonly CompressedMatrix[],
  layer: BatchLayer,
): Tensor2D {
  const pass = layerPass(backend, layer);
  const h: Tensor2D = add(x, linear(backend, backend.concatRows(outputs), 'o', layer));
  const gateUp = linear(backend, normForward(h, layer.layer.postAttentionNorm, pass).y, 'gateUp', layer);
  return add(h, linear(backend, backend.compress(backend.swiglu(gateUp)), 'down', layer));
}

function linear(
  backend: TensorBackend,
  input: CompressedMatrix,
  name: LinearGroupName,
  { layer, loraRows }: BatchLayer,
): Tensor2D {
  return batchLinear(backend, input, name, layer.groups[name], loraRows);
}

function layerPass(backend: TensorBackend, layer: BatchLayer): LayerPass {
  return { ...layer, backend, lora: null, from: 0, extend: null };
}

/** (H, N, D) → (H, 1, D) */
function row(heads: Tensor3D, n: number): Tensor3D {
  const [H, N, D] = heads.shape;
  return N === 1 ? heads : slice(heads, [0, n, 0], [H, 1, D]);
}
