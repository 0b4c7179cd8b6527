import { ServingControl } from '@claas/contracts';
import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS, type Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { AcceleratorLease } from './accelerator-lease.js';
import { AdapterLocks } from './adapter-locks.js';
import { ExclusiveStep } from './exclusive-step.js';
import { SharedServing } from './shared-serving.js';

/** What the processes on one database share: the accelerator, each adapter, and what is served. */
@Global()
@Module({
  providers: [
    { provide: AdapterLocks, inject: [Database], useFactory: (database: Database) => new AdapterLocks(database) },
    {
      provide: AcceleratorLease,
      inject: [Database],
      useFactory: (database: Database) => new AcceleratorLease(database),
    },
    {
      provide: SharedServing,
      inject: [Database, ServingControl, SETTINGS],
      useFactory: async (database: Database, serving: ServingControl, { feedback }: Settings) => {
        const shared = new SharedServing(database, serving, feedback.drainTimeoutMs);
        await shared.start();
        return shared;
      },
    },
    {
      provide: ExclusiveStep,
      inject: [AcceleratorLease, ServingControl, SharedServing, SETTINGS],
      useFactory: (lease: AcceleratorLease, serving: ServingControl, shared: SharedServing, { feedback }: Settings) =>
        new ExclusiveStep(lease, { serving, shared, drainTimeoutMs: feedback.drainTimeoutMs }),
    },
  ],
  exports: [AdapterLocks, AcceleratorLease, SharedServing, ExclusiveStep],
})
export class ReplicasModule implements OnApplicationShutdown {
  constructor(@Inject(SharedServing) private readonly shared: SharedServing) {}

  onApplicationShutdown(): void {
    this.shared.stop();
  }
}
