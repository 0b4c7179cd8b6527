/** A chat template refused the conversation, or can't be read. The message carries the template's own words. */
export class ChatTemplateError extends Error {
  readonly code = 'template_failed';

  constructor(
    /** What the template said (`raise_exception`), or why it can't be run. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`The model's chat template refused the conversation: ${reason}`, options);
    this.name = 'ChatTemplateError';
  }
}
