import { ClaasError, type ServingControl } from '@claas/contracts';
import { CoordinationError } from './coordination-error.js';
import type { Lease } from './lease.js';
import type { SharedServing } from './shared-serving.js';

export interface SleepingServer {
  readonly serving: ServingControl;
  readonly shared: SharedServing;
  readonly drainTimeoutMs: number;
}

/**
 * Puts the server that all processes share to sleep and wakes it again, with the requests of all processes held back
 * meanwhile. For the holder of the accelerator. Every method may throw CoordinationError, which says nothing of the server.
 */
export class ServerSleep {
  private level: 1 | 2 = 1;
  private isHeld = false;
  private isAsleep = false;

  constructor(
    private readonly server: SleepingServer,
    private readonly lease: Lease,
  ) {}

  /** Requests are held back, and the server may have been told to sleep, with whatever success. */
  get hasBegun(): boolean {
    return this.isHeld;
  }

  /** Waits until no process has a request at the server, and none sends another. @throws ClaasError `serving_not_idle` */
  async drain(level: 1 | 2): Promise<void> {
    if (this.isHeld) return;
    const { serving, shared, drainTimeoutMs } = this.server;
    const isHeld = await agree(async () => {
      await this.lease.assertHeld();
      // A server that was left asleep without its weights needs them when it is woken.
      this.level = (await shared.state()).sleepLevel === 2 ? 2 : level;
      return shared.holdRequests(this.lease, this.level, drainTimeoutMs);
    });
    try {
      if (!isHeld) throw othersNotIdle(drainTimeoutMs);
      await serving.drain({ timeoutMs: drainTimeoutMs });
    } catch (error) {
      await agree(() => shared.resumeRequests(this.lease));
      throw error;
    }
    this.isHeld = true;
  }

  /** To be called after `drain`; again is fine. */
  async sleep(): Promise<void> {
    if (!this.isAsleep) await this.server.serving.release({ level: this.level });
    this.isAsleep = true;
  }

  /** Also for a server that another process has put to sleep. */
  async wake(): Promise<void> {
    await agree(() => this.lease.assertHeld());
    await this.server.serving.restore();
    await agree(() => this.server.shared.resumeRequests(this.lease));
    this.isHeld = false;
    this.isAsleep = false;
  }

  /** The server is left as it is. */
  async keepAsleep(): Promise<void> {
    if (this.isHeld) await agree(() => this.server.shared.keepAsleep(this.level, this.lease));
  }
}

async function agree<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new CoordinationError(error);
  }
}

function othersNotIdle(timeoutMs: number): ClaasError {
  return new ClaasError(
    'serving_not_idle',
    `Another process of the service still answered requests after ${timeoutMs / 1000} s. Send the feedback again later, or raise FEEDBACK_DRAIN_TIMEOUT_S.`,
  );
}
