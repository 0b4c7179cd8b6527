import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ADAPTER_CONFIG_FILE, ADAPTER_TENSORS_FILE, writeAdapterFiles } from '@claas/core-model/without-tensors';
import type { AdapterTensors } from '@claas/core-model/without-tensors';
import type { CheckpointLedger } from '../checkpoint/checkpoint-ledger.js';
import { checkpointPath } from '../checkpoint/checkpoint-path.js';
import type { CheckpointKind } from '../checkpoint/checkpoint-path.js';
import { downloadArchive } from '../checkpoint/download-archive.js';
import { takeServiceWeights, withLoraAlpha } from '../checkpoint/service-weights.js';
import { RAW_CONFIG_FILE, RAW_WEIGHTS_FILE } from '../checkpoint/unpack-archive.js';
import { VERSION_CHECKPOINT_FILE, writeVersionCheckpoint } from '../checkpoint/version-checkpoint.js';
import type { TrainingModel } from '../session/training-model.js';
import type { TinkerConnection } from '../tinker-connection.js';

export interface VersionToSave {
  readonly model: TrainingModel;
  /** What the checkpoints are called at the service. */
  readonly name: string;
  readonly loraAlpha: number;
  readonly outputDirectory: string;
}

export interface SavedVersion {
  readonly adapter: AdapterTensors;
  readonly serviceLoraAlpha: number;
}

/**
 * Saves a model as a version: two checkpoints at the service, the PEFT files that its archive gives, and the paths beside
 * them. `use` sees the version before it counts. What fails leaves nothing, here or there.
 */
export async function saveVersion<T>(
  connection: TinkerConnection,
  ledger: CheckpointLedger,
  { model, name, loraAlpha, outputDirectory }: VersionToSave,
  signal: AbortSignal | undefined,
  use: (saved: SavedVersion) => Promise<T>,
): Promise<T> {
  const recorded: string[] = [];
  const save = async (kind: CheckpointKind, ask: () => Promise<string>): Promise<string> => {
    const expected = checkpointPath(model.id, kind, name);
    await ledger.record(expected);
    recorded.push(expected);
    const path = await ask();
    if (path !== expected) {
      await ledger.record(path);
      recorded.push(path);
    }
    return path;
  };
  try {
    const trainingPath = await save('weights', () => model.saveWeights(name, signal));
    const samplerPath = await save('sampler_weights', () => model.saveForSampler(name, signal));
    await downloadArchive(connection.client, samplerPath, outputDirectory, signal);
    const weights = await takeServiceWeights(outputDirectory);
    const { baseModel } = connection.settings;
    const adapter = withLoraAlpha(weights, loraAlpha, baseModel);
    await writeAdapterFiles(outputDirectory, adapter);
    const serviceLoraAlpha = weights.loraAlpha;
    await writeVersionCheckpoint(outputDirectory, {
      format: 1,
      baseModel,
      trainingPath,
      samplerPath,
      serviceLoraAlpha,
    });
    return await use({ adapter, serviceLoraAlpha });
  } catch (error) {
    connection.later(ledger.discard(recorded));
    await removeFiles(outputDirectory);
    throw error;
  }
}

const OWN_FILES = [
  ADAPTER_TENSORS_FILE,
  ADAPTER_CONFIG_FILE,
  VERSION_CHECKPOINT_FILE,
  RAW_WEIGHTS_FILE,
  RAW_CONFIG_FILE,
];

async function removeFiles(directory: string): Promise<void> {
  await Promise.all(OWN_FILES.map((name) => rm(join(directory, name), { force: true })));
}
