import { AdapterStore, DistillationEngine, ServingControl } from '@claas/contracts';
import { Global, Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { SETTINGS, type Settings } from '../config/settings.js';
import { LOGGER } from '../logging/create-logger.js';
import { BACKEND, type Backend } from './backend.js';
import { openBackend } from './open-backend.js';
import { ServedAdapters } from './served-adapters.js';
import { WarmUp } from './warm-up.js';

/** Gives every module the three ports of the mode, ready to use: the store open, every head published. */
@Global()
@Module({
  providers: [
    {
      provide: BACKEND,
      inject: [SETTINGS, LOGGER],
      useFactory: (settings: Settings, logger: Logger) => openBackend(settings, logger),
    },
    { provide: DistillationEngine, inject: [BACKEND], useFactory: ({ engine }: Backend) => engine },
    { provide: AdapterStore, inject: [BACKEND], useFactory: ({ store }: Backend) => store },
    { provide: ServingControl, inject: [BACKEND], useFactory: ({ serving }: Backend) => serving },
    {
      provide: ServedAdapters,
      inject: [BACKEND],
      useFactory: async ({ store, serving }: Backend) => {
        const served = new ServedAdapters(store, serving);
        await served.publishAll();
        return served;
      },
    },
    {
      provide: WarmUp,
      inject: [BACKEND, LOGGER],
      useFactory: (backend: Backend, logger: Logger) => new WarmUp(backend, logger),
    },
  ],
  exports: [DistillationEngine, AdapterStore, ServingControl, ServedAdapters, WarmUp],
})
export class BackendsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(WarmUp) private readonly warmUp: WarmUp,
    @Inject(DistillationEngine) private readonly engine: DistillationEngine,
  ) {}

  onApplicationBootstrap(): void {
    void this.warmUp.run();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.engine.close();
  }
}
