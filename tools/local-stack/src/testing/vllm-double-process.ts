import { PlainTrainerChannel } from '@claas/contracts/testing';
import { trainerModelBackend, VllmDouble } from '@claas/contracts/testing/vllm';
import { SHIPPED_MODEL, SHIPPED_MODEL_DIRECTORY, TRAINER_MAIN } from '../plan/workspace-root.js';

/** The double of vLLM as a program of its own, at the port that it is given: what a supervisor can kill. */
const trainer = new PlainTrainerChannel(TRAINER_MAIN, {
  modelDirectory: SHIPPED_MODEL_DIRECTORY,
  baseModel: SHIPPED_MODEL,
});
const backend = await trainerModelBackend(trainer, SHIPPED_MODEL);
const double = await VllmDouble.start({ backend, baseModelName: SHIPPED_MODEL, port: Number(process.argv[2]) });
console.log(`double of vLLM at ${double.url}`);

process.on('SIGTERM', () => {
  void Promise.all([double.close(), trainer.kill()]).then(() => process.exit(0));
});
