import { Module, type DynamicModule } from '@nestjs/common';
import type { Logger } from 'pino';
import { AdaptersModule } from './adapters/adapters.module.js';
import type { BackendOpener } from './backends/backend.js';
import { BackendsModule } from './backends/backends.module.js';
import { ChatModule } from './chat/chat.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { DatabaseModule } from './database/database.module.js';
import { DistillModule } from './distill/distill.module.js';
import { FeedbackModule } from './feedback/feedback.module.js';
import { HealthModule } from './health/health.module.js';
import { LoggingModule } from './logging/logging.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ReplicasModule } from './replicas/replicas.module.js';
import { RootController } from './root/root.controller.js';

/** The service. */
@Module({})
export class AppModule {
  static with(settings: Settings, logger: Logger, openBackend: BackendOpener): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(settings),
        LoggingModule.with(logger),
        DatabaseModule,
        BackendsModule.with(openBackend),
        ReplicasModule,
        MetricsModule,
        HealthModule,
        AdaptersModule,
        ChatModule.with(settings),
        FeedbackModule,
        DistillModule,
      ],
      controllers: [RootController],
    };
  }
}
