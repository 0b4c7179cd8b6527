import { concat, dispose, keep, slice } from '@tensorflow/tfjs-core';
import type { Tensor3D } from '@tensorflow/tfjs-core';
import type { KeyValues } from '@claas/tensor-backend';
import type { ExtendKeyValues } from '../model/layer-pass.js';

/**
 * A cache is two pieces: most of it, which is left alone for so many tokens, and an end that grows. Copying it all for every token would cost
 * more than the rest of a layer in long conversations, and native kernels keep something for every distinct length.
 */
const POSITIONS_PER_PIECE = 64;

/** Keys and values of the positions that a sequence has gone through, by layer. One sequence. */
export class KeyValueCache {
  /** Positions that all layers hold. */
  length = 0;
  /** By layer, in order of positions: every piece but the last has a multiple of POSITIONS_PER_PIECE. */
  private readonly layers = new Map<number, readonly KeyValues[]>();

  /**
   * For the forward pass of one layer over T new positions of a prompt, of which the first `count` are real.
   * To be called under `tidy`; what the cache holds on to survives that.
   */
  extend(layer: number, count: number): ExtendKeyValues {
    return (k, v) => {
      const known = this.layers.get(layer) ?? [];
      const joined = join([...known, { k, v }]);
      const S = this.length + count;
      const whole = S - (S % POSITIONS_PER_PIECE);
      this.replace(
        layer,
        [part(joined, 0, whole), part(joined, whole, S)].filter(({ k: { shape } }) => shape[1] > 0),
      );
      return { ...joined, offset: this.length };
    };
  }

  /**
   * The same for a single position — k, v (G, 1, D)
   * @returns everything with the new position, in pieces that stay the cache's
   */
  append(layer: number, k: Tensor3D, v: Tensor3D): readonly KeyValues[] {
    const known = this.layers.get(layer) ?? [];
    const end = known.at(-1);
    const isGrowing = end !== undefined && end.k.shape[1] % POSITIONS_PER_PIECE !== 0;
    const before = isGrowing ? known.slice(0, -1) : known;
    const grown = isGrowing ? join([end, { k, v }]) : { k, v };
    const isFull = grown.k.shape[1] === POSITIONS_PER_PIECE;
    return this.replace(layer, isFull ? [join([...before, grown])] : [...before, grown]);
  }

  /** After all layers were extended by `count` positions. */
  advance(count: number): void {
    this.length += count;
  }

  dispose(): void {
    for (const pieces of this.layers.values()) disposePieces(pieces);
    this.layers.clear();
  }

  /** Holds on to new pieces and lets go of those that aren't among them. */
  private replace(layer: number, pieces: readonly KeyValues[]): readonly KeyValues[] {
    for (const { k, v } of pieces) {
      keep(k);
      keep(v);
    }
    disposePieces((this.layers.get(layer) ?? []).filter((piece) => !pieces.includes(piece)));
    this.layers.set(layer, pieces);
    return pieces;
  }
}

function join(pieces: readonly KeyValues[]): KeyValues {
  if (pieces.length === 1) return pieces[0]!;
  return {
    k: concat(
      pieces.map(({ k }) => k),
      1,
    ),
    v: concat(
      pieces.map(({ v }) => v),
      1,
    ),
  };
}

/** Positions from … to − 1; the tensors themselves if that is all of them. */
function part({ k, v }: KeyValues, from: number, to: number): KeyValues {
  const cut = (x: Tensor3D): Tensor3D => {
    const [G, S, D] = x.shape;
    return from === 0 && to === S ? x : slice(x, [0, from, 0], [G, to - from, D]);
  };
  return { k: cut(k), v: cut(v) };
}

function disposePieces(pieces: readonly KeyValues[]): void {
  dispose(pieces.flatMap(({ k, v }) => [k, v]));
}
