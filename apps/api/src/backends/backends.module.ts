import { AdapterStore, DistillationEngine, ServingControl, type AdapterId } from '@claas/contracts';
import {
  Global,
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Logger } from 'pino';
import { SETTINGS } from '../config/settings.js';
import { LOGGER } from '../logging/create-logger.js';
import { SharedServing } from '../replicas/shared-serving.js';
import { AdapterNames } from './adapter-names.js';
import { BACKEND, RELAY, type Backend, type BackendOpener } from './backend.js';
import { ServedAdapters } from './served-adapters.js';
import { WarmUp } from './warm-up.js';

/** Gives every module the three ports of the mode, ready to use: the store open, every head published. */
@Global()
@Module({})
export class BackendsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(WarmUp) private readonly warmUp: WarmUp,
    @Inject(BACKEND) private readonly backend: Backend,
  ) {}

  /** `open` is asked once, when the service starts. */
  static with(open: BackendOpener): DynamicModule {
    return {
      module: BackendsModule,
      providers: [
        { provide: BACKEND, inject: [SETTINGS, LOGGER], useFactory: open },
        { provide: DistillationEngine, inject: [BACKEND], useFactory: ({ engine }: Backend) => engine },
        { provide: AdapterStore, inject: [BACKEND], useFactory: ({ store }: Backend) => store },
        { provide: ServingControl, inject: [BACKEND], useFactory: ({ serving }: Backend) => serving },
        { provide: AdapterNames, inject: [BACKEND], useFactory: ({ store }: Backend) => new AdapterNames(store) },
        { provide: RELAY, inject: [BACKEND], useFactory: ({ relay }: Backend) => relay ?? null },
        { provide: ServedAdapters, inject: [BACKEND, SharedServing, LOGGER], useFactory: openServedAdapters },
        {
          provide: WarmUp,
          inject: [BACKEND, LOGGER],
          useFactory: (backend: Backend, logger: Logger) => new WarmUp(backend, logger),
        },
      ],
      exports: [DistillationEngine, AdapterStore, ServingControl, AdapterNames, RELAY, ServedAdapters, WarmUp],
    };
  }

  onApplicationBootstrap(): void {
    void this.warmUp.run();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.backend.engine.close();
    await this.backend.close?.();
  }
}

async function openServedAdapters(
  { store, serving, publishesOnDemand }: Backend,
  shared: SharedServing,
  logger: Logger,
): Promise<ServedAdapters> {
  const served = new ServedAdapters(store, serving, shared, publishesOnDemand === true);
  const onFailure = (loraId: AdapterId | null, error: unknown): void => {
    logger.error(
      { lora_id: loraId, err: error },
      'adapter could not be published: the next request for it tries again',
    );
  };
  if (publishesOnDemand !== true) await served.publishAll(onFailure);
  served.followOthers(onFailure);
  return served;
}
