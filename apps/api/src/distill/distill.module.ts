import { AdapterStore, DistillationEngine } from '@claas/contracts';
import { Module } from '@nestjs/common';
import { AdapterNames } from '../backends/adapter-names.js';
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
      inject: [DistillationEngine, AdapterStore, RolloutPreparation, AcceleratorLease, AdapterNames],
      useFactory: (
        engine: DistillationEngine,
        store: AdapterStore,
        preparation: RolloutPreparation,
        lease: AcceleratorLease,
        names: AdapterNames,
      ) => new DistillService(engine, store, preparation, lease, names),
    },
  ],
})
export class DistillModule {}
