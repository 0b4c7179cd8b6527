import { Module, type DynamicModule } from '@nestjs/common';
import type { Logger } from 'pino';
import { BackendsModule } from './backends/backends.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { LivenessController } from './health/liveness.controller.js';
import { LoggingModule } from './logging/logging.module.js';
import { RootController } from './root/root.controller.js';

/** The service. */
@Module({})
export class AppModule {
  static with(settings: Settings, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [ConfigModule.with(settings), LoggingModule.with(logger), BackendsModule],
      controllers: [RootController, LivenessController],
    };
  }
}
