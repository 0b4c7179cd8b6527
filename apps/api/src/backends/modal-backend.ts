import { openModalEngine } from '@claas/engine-modal';
import { EmbeddedServing } from '@claas/serving-embedded';
import { ModalVolumeAdapterStore } from '@claas/storage-modal-volume';
import { ModalClient } from 'modal';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { ModalSettings } from '../config/settings.js';
import type { Backend } from './backend.js';
import { LoadProgressDisplay } from './load-progress-display.js';
import { TransferDisplay } from './transfer-display.js';

/** Steps and answers from a trainer in a GPU Sandbox on Modal, adapters on a Volume. */
export async function openModalBackend(settings: ModalSettings, logger: Logger): Promise<Backend> {
  const { baseModel, environment, volume, tokenId, tokenSecret } = settings;
  const client = new ModalClient({
    tokenId,
    tokenSecret,
    ...(environment !== null && { environment }),
    logger: sdkLogger(logger),
  });
  const transfers = new TransferDisplay(logger);
  const store = new ModalVolumeAdapterStore({
    client,
    volume,
    environment,
    cacheDirectory: join(settings.dataDirectory, 'modal-volume'),
    onProgress: (progress) => {
      transfers.show(progress);
    },
  });
  const log = logger.child({ process: 'trainer' });
  const display = new LoadProgressDisplay(log);
  const { engine, trainer } = openModalEngine({
    client,
    settings,
    transfer: store.directories,
    baseModel: baseModel.name,
    model: baseModel.directory === null ? { hubId: baseModel.id } : { directory: baseModel.directory },
    limits: { noProgressMs: settings.noProgressTimeoutMs },
    onLog: ({ level, message, fields }) => {
      log[level](fields, message);
    },
    onLoadProgress: (progress) => {
      display.show(progress);
    },
  });
  // Credentials that are refused and an image that isn't there are told now, not with the first feedback.
  await engine.check();
  await store.open();
  return {
    engine,
    store,
    serving: new EmbeddedServing(trainer),
    publishesOnDemand: true,
    startsOnDemand: true,
    warmUp: async () => {
      await trainer.attach();
    },
    close: () => {
      client.close();
      return Promise.resolve();
    },
  };
}

/** The SDK's own words: keys and values after the message. */
function sdkLogger(logger: Logger): NonNullable<ConstructorParameters<typeof ModalClient>[0]>['logger'] {
  const log = logger.child({ server: 'modal' });
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, ...values: unknown[]): void => {
      log[level]({ values }, message);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
