import { distillationEngineContract } from '@claas/contracts/testing';
import { BASE_MODEL, TinkerWorld } from '../testing/tinker-world.js';

const RESTART_MS = 300;
/** Longer than the engine is patient. */
const HANG_MS = 15_000;

distillationEngineContract('a Tinker service', async () => {
  const world = await TinkerWorld.create({ restartAfterMs: RESTART_MS });
  const timeouts = { requestMs: 1_000, patienceMs: 12_000, firstPauseMs: 50, longestPauseMs: 300, slowPauseMs: 100 };
  const engine = world.engine(world.connect({ timeouts }));
  return {
    engine,
    baseModel: BASE_MODEL,
    referenceFile: 'tinker.json',
    crash: () => {
      world.double.kill();
    },
    hang: () => {
      world.double.hang(HANG_MS);
    },
    close: async () => {
      await engine.close();
      await world.close();
    },
  };
});
