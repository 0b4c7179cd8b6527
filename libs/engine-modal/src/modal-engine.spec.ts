import { distillationEngineContract } from '@claas/contracts/testing';
import { EngineWorld } from './testing/engine-world.js';

distillationEngineContract('modal', async () => {
  const world = await EngineWorld.start();
  const { engine } = world.open({}, { noProgressMs: 6_000 });
  const signal = (name: NodeJS.Signals): void => {
    for (const trainer of world.trainers()) process.kill(trainer, name);
  };
  return {
    engine,
    baseModel: 'clay-tiny',
    crash: () => {
      signal('SIGKILL');
    },
    hang: () => {
      signal('SIGSTOP');
    },
    close: () => world.close(),
  };
});
