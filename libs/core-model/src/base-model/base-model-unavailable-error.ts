/** Why a base model could not be had. */
export type UnavailableReason =
  'not_an_id' | 'offline' | 'unauthorized' | 'forbidden' | 'not_found' | 'hub_failed' | 'damaged' | 'incomplete';

/** A base model is neither a directory nor in the cache, and could not be downloaded. The token is never part of the message. */
export class BaseModelUnavailableError extends Error {
  readonly code = 'base_model_invalid';

  constructor(
    readonly baseModel: string,
    readonly reason: UnavailableReason,
    explanation: string,
    options?: ErrorOptions,
  ) {
    super(`Base model ${baseModel}: ${explanation}`, options);
    this.name = 'BaseModelUnavailableError';
  }
}
