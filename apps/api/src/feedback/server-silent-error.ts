import { ClaasError } from '@claas/contracts';

/** The server has not answered; what it was asked for may still happen. */
export class ServerSilentError extends ClaasError {
  constructor(task: string, timeoutMs: number) {
    super('serving_failed', `The server did not ${task} within ${timeoutMs / 1000} s.`);
  }
}
