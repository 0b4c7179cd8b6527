import { Inject, Module, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { AdapterStore, DistillationEngine, ServingControl } from '@claas/contracts';
import { SETTINGS, type Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { InteractionRepository } from '../interactions/interaction-repository.js';
import { InteractionsModule } from '../interactions/interactions.module.js';
import { AcceleratorLease } from '../replicas/accelerator-lease.js';
import { AdapterLocks } from '../replicas/adapter-locks.js';
import { SharedServing } from '../replicas/shared-serving.js';
import { Arrivals } from './arrivals.js';
import { createTransaction } from './create-transaction.js';
import { FeedbackController } from './feedback.controller.js';
import { FeedbackHub } from './feedback-hub.js';
import { FeedbackLog } from './feedback-log.js';
import { FeedbackNotices } from './feedback-notices.js';
import { FeedbackProcessor } from './feedback-processor.js';
import { FeedbackQueue } from './feedback-queue.js';
import { FeedbackRepository } from './feedback-repository.js';
import { FeedbackService } from './feedback-service.js';
import { FeedbackWaiter } from './feedback-waiter.js';
import { RolloutPreparation } from './rollout-preparation.js';
import { transactionSettings } from './transaction-settings.js';

/**
 * Feedback from request to proof. Needs AdapterStore, DistillationEngine, ServingControl, Database, what replicas share, and
 * the settings from global modules.
 */
@Module({
  imports: [InteractionsModule],
  controllers: [FeedbackController],
  providers: [
    FeedbackHub,
    Arrivals,
    {
      provide: FeedbackRepository,
      inject: [Database],
      useFactory: (database: Database) => new FeedbackRepository(database),
    },
    {
      provide: FeedbackLog,
      inject: [SETTINGS],
      useFactory: ({ feedback }: Settings) => new FeedbackLog(feedback.logDirectory),
    },
    {
      provide: RolloutPreparation,
      inject: [DistillationEngine, AdapterStore, InteractionRepository],
      useFactory: (engine: DistillationEngine, store: AdapterStore, interactions: InteractionRepository) =>
        new RolloutPreparation(engine, store, interactions),
    },
    {
      provide: FeedbackProcessor,
      inject: [
        DistillationEngine,
        AdapterStore,
        ServingControl,
        FeedbackRepository,
        FeedbackHub,
        FeedbackLog,
        AdapterLocks,
        AcceleratorLease,
        SharedServing,
        Arrivals,
        SETTINGS,
      ],
      useFactory: (
        engine: DistillationEngine,
        store: AdapterStore,
        serving: ServingControl,
        repository: FeedbackRepository,
        hub: FeedbackHub,
        log: FeedbackLog,
        locks: AdapterLocks,
        lease: AcceleratorLease,
        shared: SharedServing,
        arrivals: Arrivals,
        settings: Settings,
      ) =>
        new FeedbackProcessor(
          new FeedbackQueue(repository, serving, shared, arrivals),
          lease,
          createTransaction(
            { engine, store, serving },
            { repository, hub, log },
            { locks, shared },
            transactionSettings(settings),
          ),
        ),
    },
    {
      provide: FeedbackNotices,
      inject: [Database, FeedbackRepository, FeedbackHub, FeedbackProcessor],
      useFactory: (
        { bulletin }: Database,
        repository: FeedbackRepository,
        hub: FeedbackHub,
        processor: FeedbackProcessor,
      ) => new FeedbackNotices(bulletin, repository, hub, processor),
    },
    {
      provide: FeedbackWaiter,
      inject: [FeedbackRepository, FeedbackHub, SETTINGS],
      useFactory: (repository: FeedbackRepository, hub: FeedbackHub, { feedback }: Settings) =>
        new FeedbackWaiter(repository, hub, feedback.lockTimeoutMs),
    },
    {
      provide: FeedbackService,
      inject: [
        AdapterStore,
        RolloutPreparation,
        FeedbackRepository,
        FeedbackProcessor,
        FeedbackHub,
        FeedbackLog,
        Arrivals,
      ],
      useFactory: (
        store: AdapterStore,
        preparation: RolloutPreparation,
        repository: FeedbackRepository,
        processor: FeedbackProcessor,
        hub: FeedbackHub,
        log: FeedbackLog,
        arrivals: Arrivals,
      ) => new FeedbackService(store, preparation, repository, processor, hub, log, arrivals),
    },
  ],
  exports: [FeedbackHub, FeedbackRepository, RolloutPreparation],
})
export class FeedbackModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(FeedbackProcessor) private readonly processor: FeedbackProcessor,
    @Inject(FeedbackNotices) private readonly notices: FeedbackNotices,
    @Inject(FeedbackWaiter) private readonly waiter: FeedbackWaiter,
  ) {}

  onApplicationBootstrap(): void {
    this.notices.start();
    this.processor.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.waiter.stop();
    await this.processor.stop();
    this.notices.stop();
  }
}
