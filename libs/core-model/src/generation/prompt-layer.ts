import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { KeyValues } from '@claas/tensor-backend';
import { compiledInLayer } from '../model/compiled-layer.js';
import type { WholeLayerPass } from '../model/compiled-layer.js';
import { decoderLayerForward } from '../model/decoder-layer.js';
import type { ExtendKeyValues } from '../model/layer-pass.js';
import { joined } from './key-value-cache.js';

export interface PromptLayerForward {
  readonly y: Tensor2D;
  /** Everything before these positions, and they — (G, S, D) each */
  readonly seen: KeyValues;
}

/**
 * One decoder layer over some positions of a prompt. To be called under `tidy`.
 * @param x (T, C)
 * @param known keys and values of all positions before these; null: there are none
 */
export function promptLayerForward(x: Tensor2D, pass: WholeLayerPass, known: KeyValues | null): PromptLayerForward {
  return compiledInLayer('prompt', pass, { x, known }, (given, within) => {
    let seen: KeyValues | null = null;
    const extend: ExtendKeyValues = (k, v) => {
      seen = joined(given.known ? [given.known, { k, v }] : [{ k, v }]);
      return { ...seen, offset: given.known?.k.shape[1] ?? 0 };
    };
    const y = decoderLayerForward(given.x, { ...within, extend });
    return { y, seen: seen! };
  });
}
