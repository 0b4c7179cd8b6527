/** The connection that held a lock is gone, and the lock with it. */
export class SessionLostError extends Error {
  constructor(purpose: string, cause?: unknown) {
    super(`The database connection for ${purpose} was lost, and its locks with it.`, { cause });
    this.name = 'SessionLostError';
  }
}
