import { DEFAULT_TRAINING_SETTINGS, LORA_MODULES, parseAdapterId } from '@claas/contracts';
import { exampleRollout, servingControlContract } from '@claas/contracts/testing';
import type { TrainedVersion } from '@claas/contracts/testing';
import type { TinkerEngine } from '../engine/tinker-engine.js';
import { BASE_MODEL, TinkerWorld } from '../testing/tinker-world.js';

async function train(world: TinkerWorld, engine: TinkerEngine, id: string, feedback: string): Promise<TrainedVersion> {
  const loraId = parseAdapterId(id);
  const [parent, directory] = [await world.stage(), await world.stage()];
  const shape = { baseModel: BASE_MODEL, rank: 8, loraAlpha: 16, targetModules: LORA_MODULES };
  await engine.initAdapter({ ...shape, seed: 1, outputDirectory: parent });
  world.versions.directories.add(parent).add(directory);
  const result = await engine.distill({
    feedbackId: id,
    baseModel: BASE_MODEL,
    parent: { loraId, version: 0, directory: parent },
    outputDirectory: directory,
    feedback,
    rollout: exampleRollout("It's Paris, the capital of France! 😀"),
    settings: { ...DEFAULT_TRAINING_SETTINGS, learningRate: 3e-3, steps: 2 },
  });
  return { source: { loraId, version: 1, directory }, result };
}

servingControlContract(
  'the samplers of a Tinker service',
  async () => {
    const world = await TinkerWorld.create();
    const connection = world.connect();
    const engine = world.engine(connection);
    return {
      serving: world.serving(connection),
      train: (loraId, feedback) => train(world, engine, loraId, feedback),
      crash: () => {
        void world.double.restart();
      },
      close: async () => {
        await engine.close();
        await world.close();
      },
    };
  },
  {
    'survives a crash: the next request is answered with what was published':
      'a sampler’s answer is whole before its first token is told, so that a crash after that can’t break it; tinker-faults.spec.ts restarts the service while it samples',
    'gives up and takes back the accelerator as often as it is told':
      'it declares releasesAccelerator: false, so nobody asks it to',
  },
);
