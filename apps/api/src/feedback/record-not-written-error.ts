/** The database did not take a change: what has happened is not known to it, so the transaction is continued from what it knows. */
export class RecordNotWrittenError extends Error {
  constructor(requestId: string, cause: unknown) {
    super(`The record of feedback ${requestId} could not be written.`, { cause });
    this.name = 'RecordNotWrittenError';
  }
}
