import { LocalEngine } from '@claas/engine-local';
import { EmbeddedServing } from '@claas/serving-embedded';
import { FsAdapterStore } from '@claas/storage-fs';
import type { Logger } from 'pino';
import type { LocalSettings } from '../config/settings.js';
import type { Backend } from './backend.js';
import { createTrainer } from './create-trainer.js';

/** Steps and answers from one trainer process on this machine, adapters in a directory. */
export async function openLocalBackend(settings: LocalSettings, logger: Logger): Promise<Backend> {
  const trainer = createTrainer(settings, logger);
  const store = new FsAdapterStore({ root: settings.loraRoot });
  await store.open();
  const { createTeacher } = await import('./create-teacher.js');
  return {
    engine: new LocalEngine(trainer, createTeacher(settings.teacher)),
    store,
    serving: new EmbeddedServing(trainer),
    warmUp: async () => {
      await trainer.start();
    },
  };
}
