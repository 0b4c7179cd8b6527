import { slice, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LoraAdapter } from '../lora/lora-adapter.js';
import { decoderLayerForward } from '../model/decoder-layer.js';
import { yieldToEventLoop } from '../model/event-loop.js';
import { padToBucket } from '../model/forward-pass.js';
import type { LanguageModel } from '../model/language-model.js';
import { KeyValueCache } from './key-value-cache.js';

/** Prompt positions that go through a layer at a time: bounds the work between two breaths of the event loop. */
const PREFILL_CHUNK = 256;

/** One growing sequence: takes tokens in, gives the logits of what comes next. */
export class SequenceDecoder {
  private readonly cache = new KeyValueCache();

  constructor(
    private readonly model: LanguageModel,
    private readonly adapter: LoraAdapter | null,
  ) {}

  /**
   * Appends tokens (at least one) and returns the logits (V) after the last of them.
   * @throws ComputationCancelledError; the decoder is then good for `dispose` only
   */
  async append(tokenIds: readonly number[], signal?: AbortSignal): Promise<Float32Array> {
    for (let t = 0; t < tokenIds.length - PREFILL_CHUNK; t += PREFILL_CHUNK) {
      const x = await this.run(tokenIds.slice(t, t + PREFILL_CHUNK), signal);
      x.dispose();
    }
    const rest = tokenIds.slice(Math.floor((tokenIds.length - 1) / PREFILL_CHUNK) * PREFILL_CHUNK);
    const x = await this.run(rest, signal);
    const logits = tidy(() => this.logits(x, rest.length - 1));
    x.dispose();
    try {
      return await logits.data<'float32'>();
    } finally {
      logits.dispose();
    }
  }

  dispose(): void {
    this.cache.dispose();
  }

  /** All layers over a chunk — (T, C) of the padded chunk */
  private async run(tokenIds: readonly number[], signal: AbortSignal | undefined): Promise<Tensor2D> {
    const { model, cache } = this;
    const count = tokenIds.length;
    const isSingle = count === 1;
    const padded = isSingle ? Int32Array.from(tokenIds) : padToBucket(tokenIds);
    const rotary = model.rotary.at(cache.length, padded.length);
    let x = model.embed(padded);
    try {
      await yieldToEventLoop(signal);
      for (const [i, layer] of model.layers.entries()) {
        if (i > 0 && !isSingle) await yieldToEventLoop(signal);
        const lora = this.adapter?.layer(i, layer) ?? null;
        const extend = cache.extend(i, count);
        const y = tidy(() => decoderLayerForward(model.backend, x, layer, lora, model.config, rotary, extend).y);
        x.dispose();
        x = y;
      }
      cache.advance(count);
      return x;
    } catch (error) {
      x.dispose();
      throw error;
    } finally {
      rotary.cos.dispose();
      rotary.sin.dispose();
    }
  }

  private logits(x: Tensor2D, row: number): Tensor2D {
    const { backend, config, finalNorm } = this.model;
    const last: Tensor2D = x.shape[0] === 1 ? x : slice(x, [row, 0], [1, x.shape[1]]);
    return this.model.headProduct(backend.rmsNorm(last, finalNorm, config.rmsNormEpsilon).y);
  }
}
