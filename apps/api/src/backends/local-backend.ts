import { resolve } from 'node:path';
import { LocalEngine, TrainerProcess, trainerEnvironment } from '@claas/engine-local';
import { EmbeddedServing } from '@claas/serving-embedded';
import { FsAdapterStore } from '@claas/storage-fs';
import type { Logger } from 'pino';
import type { LocalSettings } from '../config/settings.js';
import type { Backend } from './backend.js';
import { LoadProgressDisplay } from './load-progress-display.js';

/** `apps/api/{src,dist}/backends` → the trainer's program. It runs in a process of its own and is never imported. */
const TRAINER_PROGRAM = resolve(import.meta.dirname, '../../../trainer/dist/main.js');

/** Steps and answers from one trainer process on this machine, adapters in a directory. */
export async function openLocalBackend(settings: LocalSettings, logger: Logger): Promise<Backend> {
  const { baseModel, loraRoot, trainer } = settings;
  const log = logger.child({ process: 'trainer' });
  const display = new LoadProgressDisplay(log);
  const process_ = new TrainerProcess({
    command: process.execPath,
    args: [TRAINER_PROGRAM],
    env: trainerEnvironment(trainer.environment),
    model: { modelDirectory: baseModel.directory ?? baseModel.id, baseModel: baseModel.name },
    limits: { noProgressMs: trainer.noProgressTimeoutMs, idleMs: trainer.idleTimeoutMs },
    onLog: ({ level, message, fields }) => {
      log[level](fields, message);
    },
    onLoadProgress: (progress) => {
      display.show(progress);
    },
  });
  const store = new FsAdapterStore({ root: loraRoot });
  await store.open();
  return {
    engine: new LocalEngine(process_),
    store,
    serving: new EmbeddedServing(process_),
    warmUp: async () => {
      await process_.start();
    },
  };
}
