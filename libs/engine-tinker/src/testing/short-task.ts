import { DEFAULT_TRAINING_SETTINGS, LORA_MODULES, parseAdapterId } from '@claas/contracts';
import type { AdapterSource, DistillationTask } from '@claas/contracts';
import type { TinkerEngine } from '../engine/tinker-engine.js';
import { BASE_MODEL } from './tinker-world.js';
import type { TinkerWorld } from './tinker-world.js';

/** An untrained adapter that is kept. */
export async function untrainedVersion(world: TinkerWorld, engine: TinkerEngine, id: string): Promise<AdapterSource> {
  const directory = await world.stage();
  const shape = { baseModel: BASE_MODEL, rank: 4, loraAlpha: 8, targetModules: LORA_MODULES };
  await engine.initAdapter({ ...shape, seed: 1, outputDirectory: directory });
  world.versions.directories.add(directory);
  return { loraId: parseAdapterId(id), version: 0, directory };
}

/** One small step from a version. */
export function shortTask(parent: AdapterSource, outputDirectory: string): DistillationTask {
  return {
    feedbackId: 'feedback-1',
    baseModel: BASE_MODEL,
    parent,
    outputDirectory,
    feedback: 'Be brief.',
    rollout: {
      conversation: [{ role: 'user', content: 'Hello' }],
      templateOptions: { enableThinking: null },
      promptTokenIds: null,
      response: { text: 'Hi! 😀' },
      rolloutLogprobs: null,
      temperature: 1,
    },
    settings: { ...DEFAULT_TRAINING_SETTINGS, learningRate: 1e-3 },
  };
}
