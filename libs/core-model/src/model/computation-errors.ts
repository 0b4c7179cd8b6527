/** The tokens don't fit into the model's context. */
export class ContextTooLongError extends Error {
  readonly code = 'context_too_long';
  readonly details: Readonly<Record<string, number>>;

  constructor(
    readonly promptTokens: number,
    readonly responseTokens: number,
    readonly contextLength: number,
  ) {
    super(
      `The context holds ${contextLength} tokens; the prompt has ${promptTokens} and the response needs ${responseTokens}. ` +
        'Shorten the conversation or the response.',
    );
    this.name = 'ContextTooLongError';
    this.details = { prompt_tokens: promptTokens, response_tokens: responseTokens, context_length: contextLength };
  }
}

/** The caller's signal was aborted; nothing of the computation is left. */
export class ComputationCancelledError extends Error {
  readonly code = 'cancelled';
  readonly details: Readonly<Record<string, never>> = {};

  constructor(signal: AbortSignal) {
    super('The computation was cancelled.', { cause: signal.reason });
    this.name = 'ComputationCancelledError';
  }
}

/** Token ids that the model has no embedding for, or none at all. */
export class TokenIdsInvalidError extends Error {
  readonly code = 'request_invalid';
  readonly details: Readonly<Record<string, number>>;

  constructor(message: string, details: Readonly<Record<string, number>> = {}) {
    super(message);
    this.name = 'TokenIdsInvalidError';
    this.details = details;
  }
}

/** The adapter's modules, rank or shapes are not those of the model. */
export class AdapterShapeError extends Error {
  readonly code = 'adapter_incompatible';
  readonly details: Readonly<Record<string, string>>;

  constructor(key: string, found: string, expected: string) {
    super(
      `The adapter does not fit the model: ${key} is ${found}, expected ${expected}. Use an adapter of this base model.`,
    );
    this.name = 'AdapterShapeError';
    this.details = { key, found, expected };
  }
}
