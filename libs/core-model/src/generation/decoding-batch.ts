import { ComputationCancelledError } from '../model/computation-errors.js';
import type { LanguageModel } from '../model/language-model.js';
import { batchStep } from './batch-step.js';
import type { DecodingSequence } from './decoding-sequence.js';
import { Turns } from './turns.js';

interface WaitingRow {
  readonly sequence: DecodingSequence;
  readonly tokenId: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (logits: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Everything that decodes with one model at the same time. Sequences join by asking for their next logits and leave by not asking again:
 * all that wait when a step begins are in it.
 */
export class DecodingBatch {
  private static readonly ofModels = new WeakMap<LanguageModel, DecodingBatch>();
  private readonly turns = new Turns();
  private waiting: WaitingRow[] = [];

  private constructor(private readonly model: LanguageModel) {}

  /** The one that all sequences of a model share. */
  static of(model: LanguageModel): DecodingBatch {
    const known = DecodingBatch.ofModels.get(model) ?? new DecodingBatch(model);
    DecodingBatch.ofModels.set(model, known);
    return known;
  }

  /**
   * Logits (V) after one more token of a sequence.
   * @throws ComputationCancelledError when `signal` was aborted before its step began
   */
  next(sequence: DecodingSequence, tokenId: number, signal: AbortSignal | undefined): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ sequence, tokenId, signal, resolve, reject });
      if (this.waiting.length === 1) void this.turns.run(() => this.step());
    });
  }

  /** Work on the same model that is not to be mixed with steps, such as a piece of a prompt. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.run(work);
  }

  private async step(): Promise<void> {
    // Sequences that have just got their logits ask for the next ones within this turn of the event loop.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const rows = this.waiting;
    this.waiting = [];
    const live = rows.filter(({ signal, reject }) => {
      if (signal?.aborted) reject(new ComputationCancelledError(signal));
      return !signal?.aborted;
    });
    if (live.length === 0) return;
    const adapters = [...new Set(live.map(({ sequence }) => sequence.adapter))];
    const sorted = adapters.flatMap((adapter) => live.filter(({ sequence }) => sequence.adapter === adapter));
    try {
      const logits = await batchStep(this.model, sorted);
      sorted.forEach((row, n) => {
        row.resolve(logits[n]!);
      });
    } catch (error) {
      for (const row of sorted) row.reject(error);
    }
  }
}
