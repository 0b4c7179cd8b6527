import { dispose, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LoraAdapter } from '../lora/lora-adapter.js';
import { yieldToEventLoop } from '../model/event-loop.js';
import { finalNorm, wholeLayerPass } from '../model/forward-pass.js';
import type { LanguageModel } from '../model/language-model.js';
import { sequenceRows } from '../model/sequence-rows.js';
import type { SequenceRows } from '../model/sequence-rows.js';
import { spare } from '../model/spare.js';
import { DecodingBatch } from './decoding-batch.js';
import type { DecodingSequence } from './decoding-sequence.js';
import { KeyValueCache } from './key-value-cache.js';
import { promptLayerForward } from './prompt-layer.js';

/** Prompt positions that go through a layer at a time: bounds the work between two breaths of the event loop. */
const PREFILL_CHUNK = 256;

/** One growing sequence: takes tokens in, gives the logits of what comes next. */
export class SequenceDecoder implements DecodingSequence {
  readonly cache = new KeyValueCache();
  private readonly batch: DecodingBatch;

  constructor(
    private readonly model: LanguageModel,
    readonly adapter: LoraAdapter | null,
  ) {
    this.batch = DecodingBatch.of(model);
  }

  /**
   * Appends tokens (at least one) and returns the logits (V) after the last of them.
   * @throws ComputationCancelledError; the decoder is then good for `dispose` only
   */
  async append(tokenIds: readonly number[], signal?: AbortSignal): Promise<Float32Array> {
    // A prompt's pieces go through alone, a single further token together with those of the model's other sequences.
    if (tokenIds.length === 1 && this.cache.length > 0) return this.batch.next(this, tokenIds[0]!, signal);
    const lastChunk = Math.floor((tokenIds.length - 1) / PREFILL_CHUNK) * PREFILL_CHUNK;
    for (let t = 0; t < lastChunk; t += PREFILL_CHUNK) {
      const rows = sequenceRows(tokenIds.slice(t, t + PREFILL_CHUNK), 0);
      dispose(await this.batch.between(() => this.run(rows, signal)));
    }
    const rest = tokenIds.slice(lastChunk);
    return this.batch.between(() => this.lastLogits(sequenceRows(rest, rest.length - 1), signal));
  }

  dispose(): void {
    this.cache.dispose();
  }

  private async lastLogits(rows: SequenceRows, signal: AbortSignal | undefined): Promise<Float32Array> {
    const x = await this.run(rows, signal);
    const logits = tidy(() => this.model.headProduct(finalNorm(this.model, x, rows).y));
    x.dispose();
    try {
      return await logits.data<'float32'>();
    } finally {
      logits.dispose();
    }
  }

  /** All layers over a chunk: the top layer's output. */
  private async run(rows: SequenceRows, signal: AbortSignal | undefined): Promise<Tensor2D> {
    const { model, cache } = this;
    const { padded, topFrom } = rows;
    const count = rows.from + rows.count;
    const rotary = model.rotary.at(cache.length, padded.length);
    let x = model.embed(padded);
    try {
      for (let i = 0; i < model.layers.length; i++) {
        await yieldToEventLoop(signal);
        const pass = wholeLayerPass(model, i, this.adapter, rotary, topFrom);
        const { y, seen } = spare(() => promptLayerForward(x, pass, cache.known(i)));
        x.dispose();
        cache.replace(i, seen, cache.length + count);
        x = y;
      }
      cache.advance(count);
      return x;
    } catch (error) {
      x.dispose();
      throw error;
    } finally {
      dispose([rotary.cos, rotary.sin]);
    }
  }
}
