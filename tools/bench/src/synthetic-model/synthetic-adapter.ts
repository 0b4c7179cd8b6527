import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { adapterKey, LORA_MODULE_NAMES, moduleShape, readModelConfig, writeAdapterFiles } from '@claas/core-model';
import type { AdapterTensor } from '@claas/core-model';
import { loraInitA, SeededRandom } from '@claas/core-sdpo';

const SEED = 7;
/** Small, so that the adapter changes the model a little as one that has learned does. */
const B_BOUND = 0.002;

/**
 * A LoRA adapter on all seven modules beside the model, with B other than zero so that every gradient has something to do; written once.
 * @returns its directory, in PEFT's format
 */
export async function syntheticAdapter(modelDirectory: string, rank: number): Promise<string> {
  const directory = `${modelDirectory}-adapter-r${rank}`;
  if (await exists(path.join(directory, 'adapter_config.json'))) return directory;
  const config = await readModelConfig(modelDirectory);
  const tensors = new Map<string, AdapterTensor>();
  for (let layer = 0; layer < config.layers; layer++) {
    for (const module of LORA_MODULE_NAMES) {
      const [outputs, inputs] = moduleShape(config, module);
      const keyA = adapterKey(layer, module, 'A');
      const keyB = adapterKey(layer, module, 'B');
      tensors.set(keyA, { layer, module, part: 'A', shape: [rank, inputs], data: loraInitA(SEED, keyA, rank, inputs) });
      tensors.set(keyB, { layer, module, part: 'B', shape: [outputs, rank], data: randomB(keyB, outputs * rank) });
    }
  }
  const unfinished = `${directory}.${process.pid}.partial`;
  await mkdir(unfinished, { recursive: true });
  await writeAdapterFiles(unfinished, {
    rank,
    loraAlpha: 2 * rank,
    targetModules: LORA_MODULE_NAMES,
    baseModel: null,
    tensors,
  });
  await rm(directory, { recursive: true, force: true });
  await rename(unfinished, directory);
  return directory;
}

function randomB(key: string, length: number): Float32Array {
  const random = new SeededRandom(SEED, key);
  return Float32Array.from({ length }, () => (2 * random.next() - 1) * B_BOUND);
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}
