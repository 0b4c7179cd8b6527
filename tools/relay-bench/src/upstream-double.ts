import { resolve } from 'node:path';
import { PlainTrainerChannel } from '@claas/contracts/testing';
import { trainerModelBackend, VllmDouble } from '@claas/contracts/testing/vllm';

const ROOT = resolve(import.meta.dirname, '../../..');
const BASE_MODEL = 'clay-tiny';

/** The double of a vLLM server as a program of its own: its answers are computed by the small model. */
const trainer = new PlainTrainerChannel(resolve(ROOT, 'apps/trainer/dist/main.js'), {
  modelDirectory: resolve(ROOT, 'models', BASE_MODEL, 'model'),
  baseModel: BASE_MODEL,
});
const backend = await trainerModelBackend(trainer, BASE_MODEL);
const double = await VllmDouble.start({ backend, baseModelName: BASE_MODEL });
console.log(double.url);

process.on('SIGTERM', () => {
  void Promise.all([double.close(), trainer.kill()]).then(() => process.exit(0));
});
