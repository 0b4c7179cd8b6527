import { AdapterStore, DistillationEngine } from '@claas/contracts';
import { Module } from '@nestjs/common';
import { AdapterNames } from '../backends/adapter-names.js';
import { ExclusiveStep } from '../replicas/exclusive-step.js';
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
      inject: [DistillationEngine, AdapterStore, RolloutPreparation, ExclusiveStep, AdapterNames],
      useFactory: (
        engine: DistillationEngine,
        store: AdapterStore,
        preparation: RolloutPreparation,
        exclusive: ExclusiveStep,
        names: AdapterNames,
      ) => new DistillService(engine, store, preparation, exclusive, names),
    },
  ],
})
export class DistillModule {}
