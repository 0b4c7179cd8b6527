import type { DatabaseSession } from '../database/database-session.js';
import { LeaseLostError } from './lease-lost-error.js';

/** The accelerator, held by one piece of work of one process. */
export class Lease {
  constructor(
    private readonly session: DatabaseSession,
    /** Goes up each time the accelerator is taken: a write that names an older one comes from a process that lost it. */
    readonly token: number,
  ) {}

  /** Aborts when the connection that holds the lease breaks. */
  get lost(): AbortSignal {
    return this.session.lost;
  }

  /** To be asked before anything that others see. @throws LeaseLostError */
  async assertHeld(): Promise<void> {
    try {
      await this.session.assertAlive();
    } catch (error) {
      throw new LeaseLostError(error);
    }
  }
}
