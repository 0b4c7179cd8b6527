import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_TRAINING_SETTINGS, LORA_MODULES, parseAdapterId } from '@claas/contracts';
import type { AdapterSource, DistillationResult, TrainerChannel } from '@claas/contracts';
import { exampleRollout } from '@claas/contracts/testing';

export const BASE_MODEL = 'clay-tiny';

export interface Trained {
  readonly parent: AdapterSource;
  readonly source: AdapterSource;
  readonly result: DistillationResult;
}

export interface TrainingWish {
  readonly feedback?: string;
  readonly learningRate?: number;
  readonly steps?: number;
  /** Trained from; an untrained adapter when missing. */
  readonly parent?: AdapterSource;
}

/** An untrained adapter. */
export async function initialVersion(trainer: TrainerChannel, root: string, id: string): Promise<AdapterSource> {
  const directory = await mkdtemp(join(root, 'version-0-'));
  await trainer.call('init', {
    baseModel: BASE_MODEL,
    rank: 8,
    loraAlpha: 16,
    targetModules: LORA_MODULES,
    seed: 1,
    outputDirectory: directory,
  });
  return { loraId: parseAdapterId(id), version: 0, directory };
}

/** One real step on one feedback, through the trainer itself. */
export async function trainVersion(
  trainer: TrainerChannel,
  root: string,
  id: string,
  { feedback = 'Be brief.', learningRate = 3e-3, steps = 2, ...wish }: TrainingWish = {},
): Promise<Trained> {
  const parent = wish.parent ?? (await initialVersion(trainer, root, id));
  const version = parent.version + 1;
  const directory = await mkdtemp(join(root, `version-${version}-`));
  const result = await trainer.call('distill', {
    feedbackId: `${id}/${version}`,
    baseModel: BASE_MODEL,
    parent,
    outputDirectory: directory,
    feedback,
    rollout: exampleRollout("It's Paris, the capital of France! 😀"),
    settings: { ...DEFAULT_TRAINING_SETTINGS, learningRate, steps },
  });
  return { parent, source: { loraId: parent.loraId, version, directory }, result };
}
