import { resolve } from 'node:path';
import { TrainerProcess, trainerEnvironment } from '@claas/engine-local';
import type { Logger } from 'pino';
import type { LocalSettings } from '../config/settings.js';
import { LoadProgressDisplay } from './load-progress-display.js';

/** `apps/api/{src,dist}/backends` → the trainer's program. It runs in a process of its own and is never imported. */
const TRAINER_PROGRAM = resolve(import.meta.dirname, '../../../trainer/dist/main.js');

/** A trainer on this machine, not yet started; its log lines are the service's. */
export function createTrainer({ baseModel, trainer }: LocalSettings, logger: Logger): TrainerProcess {
  const log = logger.child({ process: 'trainer' });
  const display = new LoadProgressDisplay(log);
  return new TrainerProcess({
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
}
