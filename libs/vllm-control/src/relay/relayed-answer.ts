import type { ChoicePart, ReadAnswer } from './answer-text.js';

/** One choice of an answer, exactly as it was sampled. */
export interface RelayedChoice {
  readonly index: number;
  readonly text: string;
  readonly promptTokenIds: readonly number[];
  /** With the end-of-turn token when the answer ended by itself. */
  readonly tokenIds: readonly number[];
  /** At temperature 1, one for each token; null where the server did not give them. */
  readonly logprobs: readonly number[] | null;
  readonly finishReason: string;
}

/** What is known of an answer that has been passed on. */
export interface RelayedAnswer {
  /** The server's own. */
  readonly completionId: string;
  /** Those that ended and whose tokens are known. */
  readonly choices: readonly RelayedChoice[];
}

/** Collects the parts of an answer, of all its events or of the one whole. */
export class AnswerRecord {
  private completionId: string | null = null;
  private readonly parts = new Map<number, ChoicePart[]>();

  add({ id, choices }: ReadAnswer): void {
    this.completionId ??= id;
    for (const part of choices) {
      const parts = this.parts.get(part.index);
      if (parts === undefined) this.parts.set(part.index, [part]);
      else parts.push(part);
    }
  }

  /** Null as long as the answer has no id. */
  whole(): RelayedAnswer | null {
    if (this.completionId === null) return null;
    const choices = [...this.parts.values()].map(joined).filter((choice) => choice !== null);
    return { completionId: this.completionId, choices };
  }
}

function joined(parts: readonly ChoicePart[]): RelayedChoice | null {
  const finishReason = parts.map((part) => part.finishReason).findLast((reason) => reason !== null);
  const promptTokenIds = parts.find((part) => part.promptTokenIds !== null)?.promptTokenIds;
  const tokenIds = parts.flatMap((part) => part.tokenIds);
  const logprobs = parts.flatMap((part) => part.logprobs);
  if (finishReason === undefined || finishReason === 'abort' || finishReason === 'error') return null;
  if (promptTokenIds === undefined || promptTokenIds === null || tokenIds.length === 0) return null;
  const isComplete = logprobs.length === tokenIds.length && logprobs.every(Number.isFinite);
  return {
    index: parts[0]?.index ?? 0,
    text: parts.map((part) => part.text).join(''),
    promptTokenIds,
    tokenIds,
    logprobs: isComplete ? logprobs : null,
    finishReason,
  };
}
