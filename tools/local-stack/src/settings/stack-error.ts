/** Something that the person who starts the stack can put right: shown without a stack trace. */
export class StackError extends Error {
  constructor(
    message: string,
    /** What to do; null where the message says it. */
    readonly remedy: string | null = null,
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = 'StackError';
  }
}
