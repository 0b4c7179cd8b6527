import { join } from 'node:path';
import { ClaasError } from '@claas/contracts';
import type { AdapterShape } from '@claas/contracts';
import {
  ADAPTER_TENSORS_FILE,
  adapterFilesError,
  adapterKey,
  readAdapterConfig,
  SafetensorsFile,
} from '@claas/core-model/without-tensors';
import type { AdapterTensor, AdapterTensors, LoraPart } from '@claas/core-model/without-tensors';

const KEY = /^base_model\.model\.model\.layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_(A|B)\.weight$/;

/**
 * A PEFT directory, checked against its own config: known modules, shapes of its rank, finite values, no layer left out.
 * @throws AdapterFilesError
 */
export async function readAdapterDirectory(directory: string): Promise<AdapterTensors> {
  const config = await readAdapterConfig(directory);
  const path = join(directory, ADAPTER_TENSORS_FILE);
  const file = await SafetensorsFile.open(path, adapterFilesError);
  try {
    const tensors = new Map<string, AdapterTensor>();
    for (const name of file.header.entries.keys()) {
      const [, layer, moduleName, part] = KEY.exec(name) ?? [];
      const module = config.targetModules.find((one) => one === moduleName);
      const { shape } = file.entry(name);
      const [rows = 0, columns = 0] = shape;
      if (module === undefined || shape.length !== 2 || (part === 'A' ? rows : columns) !== config.rank) {
        const expected = `lora_A and lora_B of rank ${config.rank} of ${config.targetModules.join(', ')}`;
        throw adapterFilesError({ file: path, tensor: name, expected, found: `shape [${shape.join(', ')}]` });
      }
      const data = await file.readFloat32(name);
      if (!data.every(Number.isFinite)) {
        throw adapterFilesError({ file: path, tensor: name, expected: 'finite numbers', found: 'others' });
      }
      const tensor = { module, layer: Number(layer), part: part as LoraPart, shape: [rows, columns] as const, data };
      tensors.set(adapterKey(tensor.layer, module, tensor.part), tensor);
    }
    assertComplete(path, tensors, config.targetModules.length);
    return { ...config, tensors };
  } finally {
    await file.close();
  }
}

export function shapeOf({ rank, loraAlpha, targetModules }: AdapterTensors, baseModel: string): AdapterShape {
  return { baseModel, rank, loraAlpha, targetModules };
}

function assertComplete(path: string, tensors: ReadonlyMap<string, AdapterTensor>, modules: number): void {
  const layers = new Set([...tensors.values()].map(({ layer }) => layer)).size;
  if (tensors.size > 0 && tensors.size === 2 * layers * modules) return;
  const expected = `lora_A and lora_B of ${modules} modules in each layer`;
  throw adapterFilesError({ file: path, expected, found: `${tensors.size} tensors in ${layers} layers` });
}

export function foreignAdapter(): ClaasError {
  return new ClaasError(
    'adapter_incompatible',
    'A Tinker service takes no weights from outside: only an archive can be imported that this service exported itself, unchanged, and whose version it still keeps.',
  );
}
