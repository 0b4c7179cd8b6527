import { AdapterStore, DistillationEngine } from '@claas/contracts';
import { Module } from '@nestjs/common';
import { AcceleratorLease } from '../replicas/accelerator-lease.js';
import { FeedbackModule } from '../feedback/feedback.module.js';
import { RolloutPreparation } from '../feedback/rollout-preparation.js';
import { DistillController } from './distill.controller.js';
import { DistillService } from './distill-service.js';

@Module({
  imports: [FeedbackModule],
  controllers: [DistillController],
  providers: [
    {
      provide: DistillService,
      inject: [DistillationEngine, AdapterStore, RolloutPreparation, AcceleratorLease],
      useFactory: (
        engine: DistillationEngine,
        store: AdapterStore,
        preparation: RolloutPreparation,
        lease: AcceleratorLease,
      ) => new DistillService(engine, store, preparation, lease),
    },
  ],
})
export class DistillModule {}
