/** This process held the accelerator, and does not any more: another one goes on from what the database says. */
export class LeaseLostError extends Error {
  constructor(cause?: unknown) {
    super('Another process has taken the accelerator over.', { cause });
    this.name = 'LeaseLostError';
  }
}
