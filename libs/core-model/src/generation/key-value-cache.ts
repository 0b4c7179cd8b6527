import { concat, dispose, keep, pad, slice, tensor2d, zeros } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { KeyValues } from '@claas/tensor-backend';
import { spare } from '../model/spare.js';

/**
 * A cache is two pieces: most of it, which is left alone for so many tokens, and an end of that length which fills up. Copying all of it for every token
 * would cost more than the rest of a layer in long conversations, and every distinct length costs a backend time and memory.
 */
const POSITIONS_PER_PIECE = 32;

/** Added to the scores of places that hold no position yet: finite, so that no difference of two is NaN. */
const EMPTY = -1e9;

/** What one layer has seen of a sequence. P = POSITIONS_PER_PIECE. */
export interface LayerCache {
  /** (G, S, D) each, S a multiple of P; null while there are fewer positions. */
  readonly body: KeyValues | null;
  /** (G, P, D) each: zeros from the next position's place on. */
  readonly end: KeyValues;
}

/** Where in the end the next position goes. */
export interface CachePlace {
  /** (P, 1): 1 there, 0 elsewhere. */
  readonly isHere: Tensor2D;
  /** (1, P): 0 up to there, then very negative. */
  readonly mask: Tensor2D;
}

/** Keys and values of the positions that a sequence has gone through, by layer. One sequence. */
export class KeyValueCache {
  /** Positions that all layers hold. */
  length = 0;
  private readonly layers = new Map<number, LayerCache>();

  /** What decoding goes on from; stays the cache's. There must have been a prompt. */
  at(layer: number): LayerCache {
    return this.layers.get(layer)!;
  }

  /** The same in one piece without what is empty; null before the first prompt. To be called under `tidy`. */
  known(layer: number): KeyValues | null {
    const cache = this.layers.get(layer);
    if (cache === undefined) return null;
    const { body, end } = cache;
    const count = this.length % POSITIONS_PER_PIECE;
    return joined([...(body ? [body] : []), ...(count > 0 ? [part(end, 0, count)] : [])]);
  }

  /** Takes over all keys and values of a layer, of which the first `count` are real: after a piece of a prompt. */
  replace(layer: number, { k, v }: KeyValues, count: number): void {
    const whole = count - (count % POSITIONS_PER_PIECE);
    const { body, end } = spare(() => {
      const rest = count > whole ? part({ k, v }, whole, count) : null;
      return { body: whole > 0 ? part({ k, v }, 0, whole) : null, end: filledUp(rest, k.shape) };
    });
    dispose([k, v]);
    this.put(layer, { body, end });
  }

  /** Takes over the end of a layer with one position more. */
  replaceEnd(layer: number, end: KeyValues): void {
    const { body, end: before } = this.at(layer);
    disposeKeyValues(before);
    this.layers.set(layer, { body, end: kept(end) });
  }

  /** After all layers were extended by `count` positions. */
  advance(count: number): void {
    this.length += count;
    if (count === 1 && this.length % POSITIONS_PER_PIECE === 0) this.mergeEnds();
  }

  /** The caller's to dispose of. */
  place(): CachePlace {
    const at = this.length % POSITIONS_PER_PIECE;
    const isHere = new Float32Array(POSITIONS_PER_PIECE);
    isHere[at] = 1;
    const mask = new Float32Array(POSITIONS_PER_PIECE).fill(EMPTY, at + 1);
    return { isHere: tensor2d(isHere, [POSITIONS_PER_PIECE, 1]), mask: tensor2d(mask, [1, POSITIONS_PER_PIECE]) };
  }

  dispose(): void {
    for (const { body, end } of this.layers.values()) {
      if (body) disposeKeyValues(body);
      disposeKeyValues(end);
    }
    this.layers.clear();
  }

  /** Full ends become part of the bodies. */
  private mergeEnds(): void {
    for (const [layer, { body, end }] of this.layers) {
      const merged = spare(() => ({
        body: body ? joined([body, end]) : { k: end.k.clone(), v: end.v.clone() },
        end: filledUp(null, end.k.shape),
      }));
      this.put(layer, merged);
    }
  }

  private put(layer: number, { body, end }: LayerCache): void {
    const before = this.layers.get(layer);
    if (before?.body) disposeKeyValues(before.body);
    if (before) disposeKeyValues(before.end);
    this.layers.set(layer, { body: body && kept(body), end: kept(end) });
  }
}

/** One after the other; a single one is itself. */
export function joined(pieces: readonly KeyValues[]): KeyValues {
  if (pieces.length === 1) return pieces[0]!;
  const of = (tensors: readonly Tensor3D[]): Tensor3D => concat([...tensors], 1);
  return { k: of(pieces.map(({ k }) => k)), v: of(pieces.map(({ v }) => v)) };
}

/** Positions from … to − 1. */
function part({ k, v }: KeyValues, from: number, to: number): KeyValues {
  const cut = (x: Tensor3D): Tensor3D => slice(x, [0, from, 0], [x.shape[0], to - from, x.shape[2]]);
  return { k: cut(k), v: cut(v) };
}

/** With zeros up to the length of a piece; nothing but zeros of the heads' shape without any positions. */
function filledUp(positions: KeyValues | null, [G, , D]: readonly [number, number, number]): KeyValues {
  const fill = (x: Tensor3D | undefined): Tensor3D => {
    if (x === undefined) return zeros<Rank.R3>([G, POSITIONS_PER_PIECE, D]);
    return pad(x, [
      [0, 0],
      [0, POSITIONS_PER_PIECE - x.shape[1]],
      [0, 0],
    ]);
  };
  return { k: fill(positions?.k), v: fill(positions?.v) };
}

/** Survives every tidy. */
function kept({ k, v }: KeyValues): KeyValues {
  return { k: keep(k), v: keep(v) };
}

function disposeKeyValues({ k, v }: KeyValues): void {
  dispose([k, v]);
}
