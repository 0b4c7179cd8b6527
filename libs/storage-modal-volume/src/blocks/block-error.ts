/** A block that did not go through. Its URL may have expired, so that another try needs a new one. */
export class BlockError extends Error {
  constructor(
    /** Of the HTTP answer; null when there was none. */
    readonly status: number | null,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
