import { join } from 'node:path';
import type { ModelConfig } from '../config/model-config.js';
import { AdapterFilesError, adapterFilesError } from '../errors/adapter-files-error.js';
import { SafetensorsFile } from '../safetensors/safetensors-file.js';
import { readAdapterConfig, type AdapterConfig } from './adapter-config.js';
import { ADAPTER_TENSORS_FILE } from './adapter-file-names.js';
import { adapterTensorSlots } from './adapter-tensor-slots.js';
import type { AdapterTensor, AdapterTensors } from './adapter-tensors.js';

/**
 * Reads a LoRA adapter in the PEFT layout and checks it against its base model:
 * exactly the expected tensors, with the expected shapes, all values finite. F16 and BF16 become float32.
 * @throws AdapterFilesError naming file, field or tensor, what was expected and what was found
 */
export async function readAdapterFiles(directory: string, config: ModelConfig): Promise<AdapterTensors> {
  const adapterConfig = await readAdapterConfig(directory);
  const path = join(directory, ADAPTER_TENSORS_FILE);
  const file = await SafetensorsFile.open(path, adapterFilesError);
  try {
    const tensors = await readTensors(file, adapterConfig, config);
    return { ...adapterConfig, tensors };
  } finally {
    await file.close();
  }
}

async function readTensors(
  file: SafetensorsFile,
  adapterConfig: AdapterConfig,
  config: ModelConfig,
): Promise<Map<string, AdapterTensor>> {
  const slots = adapterTensorSlots(config, adapterConfig);
  for (const name of file.header.entries.keys()) {
    if (!slots.has(name)) {
      const expected = `only lora_A and lora_B of ${adapterConfig.targetModules.join(', ')} in ${config.layers} layers`;
      throw new AdapterFilesError({ file: file.path, tensor: name, expected, found: 'a tensor beyond them' });
    }
  }
  const tensors = new Map<string, AdapterTensor>();
  for (const [name, slot] of slots) {
    const { shape } = file.entry(name);
    if (shape.length !== 2 || shape[0] !== slot.shape[0] || shape[1] !== slot.shape[1]) {
      const found = `shape [${shape.join(', ')}]`;
      throw new AdapterFilesError({
        file: file.path,
        tensor: name,
        expected: `shape [${slot.shape.join(', ')}]`,
        found,
      });
    }
    const data = await file.readFloat32(name);
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong !== -1) {
      const found = `${data[wrong]} at element ${wrong}`;
      throw new AdapterFilesError({ file: file.path, tensor: name, expected: 'finite numbers', found });
    }
    tensors.set(name, { ...slot, data });
  }
  return tensors;
}
