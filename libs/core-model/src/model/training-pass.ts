import { dispose, keep, pad, slice, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { LoraGradients, unpackLayerGradients } from '../lora/lora-gradients.js';
import type { LoraAdapter } from '../lora/lora-adapter.js';
import { decoderLayerBackward, decoderLayerForward } from './decoder-layer.js';
import { yieldToEventLoop } from './event-loop.js';
import { assertSequence, layerOutput, padToBucket } from './forward-pass.js';
import type { PassOptions } from './forward-pass.js';
import type { LanguageModel } from './language-model.js';
import type { RotarySlice } from './rotary-tables.js';

/**
 * A forward pass that can be gone back: it keeps the input of each layer, (T, C), and computes everything else again on the way back,
 * so the peak is one layer's activations plus one boundary per layer.
 */
export class TrainingPass {
  private constructor(
    private readonly model: LanguageModel,
    private readonly adapter: LoraAdapter,
    private readonly rotary: RotarySlice,
    /** The input of each layer; then the last layer's output. */
    private readonly boundaries: Tensor2D[],
    private readonly rows: { readonly from: number; readonly count: number },
    /** After the final norm, rows from … T − 1 — (T − from, C) */
    readonly hidden: Tensor2D,
    private readonly inverseRms: Tensor2D,
  ) {}

  /** @throws ContextTooLongError, TokenIdsInvalidError, ComputationCancelledError */
  static async forward(
    model: LanguageModel,
    tokenIds: readonly number[],
    adapter: LoraAdapter,
    { from = 0, signal }: PassOptions & { readonly from?: number } = {},
  ): Promise<TrainingPass> {
    assertSequence(model, tokenIds, from);
    const padded = padToBucket(tokenIds);
    const rotary = model.rotary.at(0, padded.length);
    const boundaries = [model.embed(padded)];
    try {
      for (let i = 0; i < model.layers.length; i++) {
        await yieldToEventLoop(signal);
        boundaries.push(layerOutput(model, i, boundaries[i]!, adapter, rotary));
      }
    } catch (error) {
      dispose([...boundaries, rotary.cos, rotary.sin]);
      throw error;
    }
    const rows = { from, count: tokenIds.length - from };
    const { y, inverseRms } = tidy(() => {
      const last = lastRows(boundaries.at(-1)!, rows);
      const norm = model.backend.rmsNorm(last, model.finalNorm, model.config.rmsNormEpsilon);
      return { y: keep(norm.y), inverseRms: keep(norm.inverseRms) };
    });
    return new TrainingPass(model, adapter, rotary, boundaries, rows, y, inverseRms);
  }

  /**
   * Gradients of the adapter's weights. Can be asked once; the pass is disposed of whatever happens.
   * @param dHidden (T − from, C), the gradient with respect to `hidden`; stays the caller's
   * @throws ComputationCancelledError
   */
  async backward(dHidden: Tensor2D, { signal }: PassOptions = {}): Promise<LoraGradients> {
    const { model } = this;
    const gradients = new Map<string, Tensor2D>();
    let dy = this.finalNormBackward(dHidden);
    try {
      for (let i = model.layers.length - 1; i >= 0; i--) {
        await yieldToEventLoop(signal);
        dispose(this.boundaries.pop());
        const { dx, tensors } = this.layerBackward(i, dy);
        dispose(dy);
        dy = dx;
        for (const [key, tensor] of Object.entries(tensors)) gradients.set(key, tensor);
      }
      return new LoraGradients(gradients);
    } catch (error) {
      dispose([...gradients.values()]);
      throw error;
    } finally {
      dispose(dy);
      this.dispose();
    }
  }

  /** Gives everything back, `hidden` too; again is fine. */
  dispose(): void {
    dispose([...this.boundaries, this.hidden, this.inverseRms, this.rotary.cos, this.rotary.sin]);
    this.boundaries.length = 0;
  }

  /** dy (T, C) of the last layer's output: zero in the rows that nobody asked for. */
  private finalNormBackward(dHidden: Tensor2D): Tensor2D {
    const { model, rows } = this;
    return tidy(() => {
      const last = this.boundaries.at(-1)!;
      // hidden = rmsNorm(rows of last)
      const d = model.backend.rmsNormBackward(dHidden, lastRows(last, rows), model.finalNorm, this.inverseRms);
      return pad(d, [
        [rows.from, last.shape[0] - rows.from - rows.count],
        [0, 0],
      ]);
    });
  }

  private layerBackward(index: number, dy: Tensor2D): { dx: Tensor2D; tensors: Record<string, Tensor2D> } {
    const { backend, config, layers } = this.model;
    const layer = layers[index]!;
    const x = this.boundaries[index]!;
    const lora = this.adapter.layer(index, layer);
    return tidy(() => {
      const { saved } = decoderLayerForward(backend, x, layer, lora, config, this.rotary, null);
      const gradients = decoderLayerBackward(backend, dy, x, saved, layer, lora, config, this.rotary);
      const tensors = unpackLayerGradients(index, layer, gradients.lora, this.adapter);
      // A plain object, since `tidy` looks for what it is to spare in objects and not in maps.
      return { dx: gradients.dx, tensors: Object.fromEntries(tensors) };
    });
  }
}

function lastRows(x: Tensor2D, rows: { readonly from: number; readonly count: number }): Tensor2D {
  return slice(x, [rows.from, 0], [rows.count, x.shape[1]]);
}
