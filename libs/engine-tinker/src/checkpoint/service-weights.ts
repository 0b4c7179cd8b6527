import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClaasError } from '@claas/contracts';
import type { LoraModule } from '@claas/contracts';
import { adapterKey, LORA_MODULE_NAMES, SafetensorsFile } from '@claas/core-model/without-tensors';
import type { AdapterTensor, AdapterTensors, LoraPart } from '@claas/core-model/without-tensors';
import { RAW_CONFIG_FILE, RAW_WEIGHTS_FILE } from './unpack-archive.js';

/** Of a dense decoder's linear module, whatever is put before and behind it. */
const KEY =
  /^(?:base_model\.model\.)*(?:model\.)*(?:language_model\.)?layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_(A|B)(?:\.default)?\.weight$/;

export interface ServiceWeights {
  readonly loraAlpha: number;
  readonly rank: number;
  readonly targetModules: readonly LoraModule[];
  /** By PEFT key. */
  readonly tensors: ReadonlyMap<string, AdapterTensor>;
}

/**
 * Reads what `unpackArchive` left, and removes it.
 * @throws ClaasError `base_model_invalid` for adapters that the PEFT layout of dense decoders has no place for,
 *   `step_not_finite` for values that are no numbers
 */
export async function takeServiceWeights(directory: string): Promise<ServiceWeights> {
  const [weightsFile, configFile] = [join(directory, RAW_WEIGHTS_FILE), join(directory, RAW_CONFIG_FILE)];
  try {
    const { r, lora_alpha } = JSON.parse(await readFile(configFile, 'utf8')) as { r?: unknown; lora_alpha?: unknown };
    if (typeof r !== 'number' || typeof lora_alpha !== 'number' || r < 1 || lora_alpha <= 0) {
      throw new ClaasError('trainer_protocol', "The Tinker service's adapter_config.json has no r and lora_alpha.");
    }
    const tensors = await readTensors(weightsFile, r);
    const present = new Set([...tensors.values()].map(({ module }) => module));
    const targetModules = LORA_MODULE_NAMES.filter((module) => present.has(module));
    return { rank: r, loraAlpha: lora_alpha, targetModules, tensors };
  } finally {
    await Promise.all([weightsFile, configFile].map((file) => rm(file, { force: true })));
  }
}

async function readTensors(path: string, rank: number): Promise<Map<string, AdapterTensor>> {
  const file = await SafetensorsFile.open(path);
  const tensors = new Map<string, AdapterTensor>();
  try {
    for (const name of file.header.entries.keys()) {
      const [, layer, module, part] = KEY.exec(name) ?? [];
      const known = LORA_MODULE_NAMES.find((one) => one === module);
      const { shape } = file.entry(name);
      const [rows = 0, columns = 0] = shape;
      const isOfRank = shape.length === 2 && (part === 'A' ? rows : columns) === rank;
      if (known === undefined || !isOfRank) throw unsupported(name, shape);
      const data = await file.readFloat32(name);
      if (!data.every(Number.isFinite)) throw notFinite(name);
      const slot = { module: known, layer: Number(layer), part: part as LoraPart };
      tensors.set(adapterKey(slot.layer, known, slot.part), { ...slot, shape: [rows, columns], data });
    }
  } finally {
    await file.close();
  }
  return tensors;
}

/**
 * The adapter with another alpha, changing nothing that it computes: both factors are scaled alike, by √(from/to), so that
 * what they have in common is theirs in equal shares (docs/tinker.md says why that keeps the optimizer's steps the same).
 */
export function withLoraAlpha(weights: ServiceWeights, loraAlpha: number, baseModel: string): AdapterTensors {
  const scale = 1 / alphaScale(loraAlpha, weights.loraAlpha);
  const { rank, targetModules } = weights;
  const scaled = (tensor: AdapterTensor): AdapterTensor =>
    scale === 1 ? tensor : { ...tensor, data: tensor.data.map((value) => value * scale) };
  const tensors = new Map([...weights.tensors].map(([key, tensor]) => [key, scaled(tensor)]));
  return { rank, loraAlpha, targetModules, baseModel, tensors };
}

/** s of p_service = s·p: with it (α/r)·B·A is the same on both sides. */
export function alphaScale(loraAlpha: number, serviceLoraAlpha: number): number {
  return Math.sqrt(loraAlpha / serviceLoraAlpha);
}

function unsupported(name: string, shape: readonly number[]): ClaasError {
  return new ClaasError(
    'base_model_invalid',
    `The base model's adapters have a tensor ${name} [${shape.join(', ')}], for which the PEFT layout of dense decoders has no place. Set CLAAS_TINKER_BASE_MODEL to a dense model.`,
    { tensor: name },
  );
}

function notFinite(tensor: string): ClaasError {
  return new ClaasError(
    'step_not_finite',
    `The step was refused: ${tensor} would no longer be finite. Nothing was saved; try a smaller learning_rate.`,
    { tensor },
  );
}
