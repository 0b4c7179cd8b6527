import { Logger } from '@nestjs/common';
import type { AcceleratorLease } from './accelerator-lease.js';
import { ServerSleep, type SleepingServer } from './server-sleep.js';

/** A step outside of feedback: the accelerator is leased for it, and a server that shares it sleeps meanwhile. */
export class ExclusiveStep {
  private readonly logger = new Logger(ExclusiveStep.name);

  constructor(
    private readonly lease: AcceleratorLease,
    private readonly server: SleepingServer,
  ) {}

  /**
   * @param step is given a signal that aborts when another process gets the accelerator
   * @throws what `step` throws, and ClaasError `serving_not_idle`, `serving_failed`, `storage_unavailable`
   */
  run<Result>(step: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    return this.lease.run(async (lease) => {
      if (!this.server.serving.capabilities.releasesAccelerator) return step(lease.lost);
      const sleep = new ServerSleep(this.server, lease);
      await sleep.drain(1);
      try {
        await sleep.sleep();
        return await step(lease.lost);
      } finally {
        await sleep.wake().catch((error: unknown) => {
          this.logger.error(`The server could not be woken after a step, and is tried again: ${String(error)}`);
        });
      }
    });
  }
}
