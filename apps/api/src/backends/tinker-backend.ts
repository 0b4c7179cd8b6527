import { join } from 'node:path';
import { ClaasError } from '@claas/contracts';
import { locateTextModel, StoreVersions, TinkerConnection, TinkerEngine, TinkerServing } from '@claas/engine-tinker';
import { FsAdapterStore } from '@claas/storage-fs';
import type { Logger } from 'pino';
import type { TinkerSettings } from '../config/settings.js';
import type { Backend } from './backend.js';

/** Steps and answers from a Tinker service; adapters in a directory, as PEFT files with the paths of their checkpoints. */
export async function openTinkerBackend(settings: TinkerSettings, logger: Logger): Promise<Backend> {
  const { baseUrl, apiKey, maxTopK, baseModel, hub, dataDirectory, loraRoot } = settings;
  const text = await locateTextModel({ idOrDirectory: baseModel.directory ?? baseModel.id, ...hub });
  const connection = new TinkerConnection({ baseUrl, apiKey, maxTopK, baseModel: baseModel.name }, text);
  await refuseWrongSettings(connection, logger);
  const store = new FsAdapterStore({ root: loraRoot });
  await store.open();
  const ledgerDirectory = join(dataDirectory, 'tinker-checkpoints');
  const engine = new TinkerEngine({ connection, versions: new StoreVersions(store), ledgerDirectory });
  return {
    engine,
    store,
    serving: new TinkerServing(connection),
    warmUp: async () => {
      const gone = await engine.sweep();
      if (gone.length > 0) logger.info({ checkpoints: gone.length }, 'deleted checkpoints that no version needs');
    },
  };
}

/** A wrong key or model stops the start; a service that can't be reached now may be there when it is needed. */
async function refuseWrongSettings(connection: TinkerConnection, logger: Logger): Promise<void> {
  try {
    await connection.check();
  } catch (error) {
    const { code, message, details } = ClaasError.from(error);
    const isRefused = details['status'] === 401 || details['status'] === 403;
    if (isRefused || code === 'base_model_not_allowed') throw error;
    logger.warn({ reason: message }, 'the Tinker service could not be asked: steps wait until it can');
  }
}
