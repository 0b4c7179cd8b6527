import { ClaasError } from '@claas/contracts';

/** What the processes have to agree on can't be agreed on now: the database is away, or another process has the accelerator. */
export class CoordinationError extends ClaasError {
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super('storage_unavailable', `The processes of the service can't agree now: ${reason}`, {}, { cause });
  }
}
